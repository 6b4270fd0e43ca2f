"""The prompt types: what each writes, to the last space, and beside the chat templates that are known for the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akachat.backends.formats import Format, fill, find_format
from akachat.backends.prompt_types import PromptType, fitting_type, prompt_types
from akachat.errors import ModelError
from akachat.messages import Message

EXPECTED = tomllib.loads((Path(__file__).parent / "prompt_types.toml").read_text("utf-8"))
CASES = {
    "one": "u",
    "instructed": "Su",
    "turns": "uavbw",
    "instructed_turns": "Suavbw",
    "continued": "uavc",
}
ROLES = {"S": "system", **dict.fromkeys("uvw", "user"), **dict.fromkeys("abc", "assistant")}


def said(letters: str) -> list[Message]:
    return [Message(ROLES[letter], letter) for letter in letters]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", prompt_types())
def test_what_a_type_writes(name: str, case: str) -> None:
    assert fill(prompt_types()[name], said(CASES[case]), bos="<s>", eos="</s>") == EXPECTED[name][case]


def test_every_type_has_its_texts_and_every_text_its_type() -> None:
    assert list(EXPECTED) == list(prompt_types())


SEEDS = ("none", "rinna", "vicuna", "alpaca", "stablelm", "redpajama")
SUCCESSORS = (
    "llama2 elyza llama3 chatml gemma mistral nekomata swallow karakuri stablelm-ja weblab falcon command-r xgen "
    "beluga qa phi"
)


def test_the_types_that_people_know_are_there() -> None:
    assert {*SEEDS, *SUCCESSORS.split()} <= set(prompt_types())
    assert [each.newline for each in prompt_types().values() if each.newline] == ["<NL>"]


# beside chat templates

#: Chat templates as their models have them, shortened to what speaks; a system text is the first message.
TURNS = "{% for m in messages %}"
JINJA = {
    "chatml": TURNS + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "llama2": "{% set system = '' %}{% if messages[0].role == 'system' %}"
    "{% set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "{{ bos_token + '[INST] ' + (system if loop.first else '') + m.content.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "llama3": "{% for m in messages %}{{ bos_token if loop.first else '' }}"
    "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "gemma": "{{ bos_token }}{% set prefix = '' %}{% if messages[0].role == 'system' %}"
    "{% set prefix = messages[0].content + '\n\n' %}{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' "
    "+ (prefix if loop.first else '') + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
    "mistral": "{{ bos_token }}{% set system = '' %}{% if messages[0].role == 'system' %}"
    "{% set system = messages[0].content + '\n\n' %}{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}{{ ' [INST] ' + (system if loop.first else '') + m.content "
    "+ ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
    "mistral-v7": "{{ bos_token }}" + TURNS + "{% if m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}"
    "{% elif m.role == 'system' %}{{ '[SYSTEM_PROMPT]' + m.content + '[/SYSTEM_PROMPT]' }}"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}",
    "zephyr": "{% for m in messages %}\n{% if m.role == 'user' %}\n{{ '<|user|>\n' + m.content + eos_token }}\n"
    "{% elif m.role == 'system' %}\n{{ '<|system|>\n' + m.content + eos_token }}\n"
    "{% elif m.role == 'assistant' %}\n{{ '<|assistant|>\n' + m.content + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "phi3": TURNS + "{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "phi4": TURNS + "{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    "phi4-mini": TURNS + "{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    "openchat": "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% else %}"
    "{{ 'GPT4 Correct ' + m.role.title() + ': ' + m.content }}{% endif %}{{ '<|end_of_turn|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}",
    "command-r": "{{ bos_token }}{% set names = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'} %}"
    "{% for m in messages %}{{ '<|START_OF_TURN_TOKEN|><|' + names[m.role] + '_TOKEN|>' + m.content.strip() "
    "+ '<|END_OF_TURN_TOKEN|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}",
    "falcon": "{% for m in messages %}{{ '\n' if not loop.first else '' }}"
    "{{ {'system': 'System: ', 'user': 'User: ', 'assistant': 'Falcon: '}[m.role] + m.content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\nFalcon:' }}{% endif %}",
    "solar": "{% for m in messages %}{% if m.role == 'system' %}{{ '### System:\n' + m.content + '\n\n' }}"
    "{% elif m.role == 'user' %}{{ '### User:\n' + m.content + '\n\n' }}{% else %}{{ '### Assistant:\n' + m.content }}"
    "{% endif %}{% if loop.last and add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}{% endfor %}",
    "exaone": "{% for m in messages %}{% if loop.first and m.role != 'system' %}{{ '[|system|][|endofturn|]\n' }}"
    "{% endif %}{{ '[|' + m.role + '|]' + m.content }}{{ '\n' if m.role == 'user' else '[|endofturn|]\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}",
    "granite": TURNS + "{{ '<|start_of_role|>' + m.role + '<|end_of_role|>' + m.content + '<|end_of_text|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}",
    "deepseek": "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}"
    "{% elif m.role == 'user' %}{{ '<｜User｜>' + m.content }}{% else %}{{ '<｜Assistant｜>' + m.content + eos_token }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}",
    "sarashina": TURNS + "{{- '<|' + m.role + '|>' + m.content + eos_token -}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    "llm-jp": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '\n\n### 指示:\n' + m.content }}"
    "{% elif m.role == 'system' %}{{ m.content }}{% else %}{{ '\n\n### 応答:\n' + m.content + eos_token }}{% endif %}"
    "{% if loop.last and add_generation_prompt %}{{ '\n\n### 応答:\n' }}{% endif %}{% endfor %}",
}  # fmt: skip


@pytest.mark.parametrize("letters", ["Su", "Suavbw", "u", "uavbw"])
@pytest.mark.parametrize("name", JINJA)
def test_a_type_writes_what_the_chat_template_writes(name: str, letters: str) -> None:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    form = prompt_types()[name]
    messages = said(letters)
    if form.default and "S" not in letters:
        messages = [Message("system", form.default), *messages]  # templates leave that to whoever calls them
    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(JINJA[name])
    wanted = template.render(
        messages=[message.to_dict() for message in messages],
        add_generation_prompt=True,
        bos_token="<s>",
        eos_token="</s>",
    )
    assert fill(form, said(letters), bos="<s>", eos="</s>") == wanted


# what people write

TEXTS = st.text(st.sampled_from("ab{}<|>\n [/]INSTあ"), min_size=1, max_size=12) | st.sampled_from(
    ["{input}", "{instruction}", "{eos_token}", "<|im_end|>", "ユーザー: "]
)
TALK = st.tuples(
    st.lists(TEXTS, max_size=2),
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXTS), max_size=5),
    TEXTS,
    st.none() | TEXTS,
)
OWN = ["{instruction}|{history}|{input}", "{input}", "{instruction}", "<{history}>", "{bos_token}{x}{input}{eos_token}"]
FORMS = [*prompt_types().values(), *map(Format, OWN)]


@example(form=Format("<{history}>"), talk=([], [], "<", None))  # once dropped: a format with a place for turns alone
@example(form=Format("<{history}>"), talk=(["S"], [], "<", None))
@given(form=st.sampled_from(FORMS), talk=TALK)
def test_what_people_write_is_all_there_in_order_and_never_read_as_a_slot(
    form: PromptType | Format, talk: tuple[list[str], list[tuple[str, str]], str, str | None]
) -> None:
    systems, turns, newest, begun = talk
    roles = [("system", text) for text in systems] + [*turns, ("user", newest)]
    roles += [] if begun is None else [("assistant", begun)]
    messages = [Message(role, f"{text}{number}") for number, (role, text) in enumerate(roles)]
    seen: list[str] = []

    def mark(text: str) -> str:
        seen.append(text)
        return f"\0{len(seen) - 1}\1" if text else ""

    text = fill(form, messages, bos="<s>", eos="</s>", mark=mark)
    pieces = [seen[int(part.partition("\1")[0])] for part in text.split("\0")[1:]]
    spoken = [m.content for m in messages if m.role != "system"]
    instruction = "\n\n".join(m.content for m in messages if m.role == "system")
    assert sorted(pieces) == sorted([instruction, *spoken] if systems else spoken)
    assert [piece for piece in pieces if piece != instruction] == spoken
    # What is left is the form's own, whatever people write: the same talk in other words leaves the same.
    alike = [Message(message.role, "x") for message in messages]
    other = fill(form, alike, bos="<s>", eos="</s>", mark=lambda said: "\0\1" if said else "")
    assert [part.partition("\1")[2] for part in text.split("\0")[1:]] == [
        part.partition("\1")[2] for part in other.split("\0")[1:]
    ]
    assert fill(form, messages, bos="<s>", eos="</s>") == _put_back(text, seen)


def _put_back(text: str, seen: list[str]) -> str:
    first, *parts = text.split("\0")
    return first + "".join(seen[int(number)] + rest for number, _, rest in (part.partition("\1") for part in parts))


# which type

FITS = [
    ("rinna/japanese-gpt-neox-3.6b-instruction-ppo", "rinna"),
    ("/models/japanese-gpt-neox-3.6b-instruction-sft-v2/", "rinna"),
    ("C:\\models\\ELYZA-japanese-Llama-2-7b-fast-instruct", "elyza"),
    ("cyberagent/open-calm-7b", "none"),
    ("lmsys/vicuna-7b-delta-v1.1", "vicuna"),
    ("tloen/alpaca-lora-7b", "alpaca"),
    ("stabilityai/stablelm-tuned-alpha-7b", "stablelm"),
    ("OpenAssistant/stablelm-7b-sft-v7-epoch-3", "oasst"),
    ("beomi/KoAlpaca-Polyglot-12.8B", "koalpaca"),
    ("togethercomputer/RedPajama-INCITE-7B-Chat", "redpajama"),
    ("rinna/youri-7b-chat", "youri-chat"),
    ("microsoft/phi-2", "phi"),
    ("google/gemma-2-2b-jpn-it", "gemma"),
    ("meta-llama/Meta-Llama-3-8B-Instruct", "llama3"),
    ("someone/a-model-of-mine", ""),
    ("gpt-4o", ""),
    ("embedded", ""),
]


@pytest.mark.parametrize(("model", "wanted"), FITS)
def test_a_models_name_says_its_type(model: str, wanted: str) -> None:
    found = fitting_type(model)
    assert ("" if found is None else found.name) == wanted


@pytest.mark.parametrize(
    ("template", "near"), [("rina", "rinna"), ("Vicuna", "vicuna"), ("llama-2", "llama2"), ("chat-ml", "chatml")]
)
def test_a_misspelt_type_is_an_error_that_names_the_nearest(template: str, near: str) -> None:
    with pytest.raises(ModelError) as raised:
        find_format(template)
    assert f"Did you mean {near}?" in raised.value.hint
