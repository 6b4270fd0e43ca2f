"""Personas: a role with several set traits, a first person and a way of speaking, kept up over the turns."""
# ruff: noqa: E501

from dataclasses import replace

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.facts import clash, missing, own_fact, state
from tools.train_embedded.figures import Lang
from tools.train_embedded.instructions import Scene, asides, joined
from tools.train_embedded.phrases import MANNERS, STYLE
from tools.train_embedded.scenes import decorate, scene_suffix, styled
from tools.train_embedded.talk import ASK_IDENTITY
from tools.train_embedded.words import JOBS, TRAITS, Words

_PRONOUNS = (
    "ぼく",
    "僕",
    "俺",
    "おれ",
    "わたし",
    "わたくし",
    "うち",
    "あたし",
    "わし",
    "我",
    "吾輩",
    "拙者",
    "自分",
    "オイラ",
    "小生",
)
_PRONOUN_FORMS = (
    "一人称は「{p}」です。",
    "一人称は{p}です。",
    "自分のことを「{p}」と呼びます。",
    "一人称：{p}",
    "一人称には「{p}」を使ってください。",
    "自分を「{p}」と言います。",
)
_LINES: dict[Lang, tuple[str, str, str]] = {
    "ja": ("名前：{n}", "役割：{j}", "性格：{a}"),
    "en": ("Name: {n}", "Role: {j}", "Character: {a}"),
}
_HEADS: dict[Lang, tuple[str, ...]] = {
    "ja": ("", "", "次の人物になりきって話してください。", "以下の設定で話してください。", "# 設定", "あなたは次のキャラクターです。", "【キャラクター設定】"),
    "en": ("", "", "Play this character.", "Speak as the character below.", "# Character", "You are this character:", "Stay in character."),
}  # fmt: skip
_ASK_JOB: dict[Lang, tuple[str, ...]] = {
    "ja": ("お仕事は何ですか？", "仕事は何？", "何をしている人ですか？", "職業は？", "あなたの役割は何ですか？", "どんな仕事をしていますか？"),
    "en": ("What is your job?", "What do you do for a living?", "What's your job?", "What is your role?", "What work do you do?"),
}  # fmt: skip


def _sheet(w: Words, scene: Scene, job: str, pronoun: str) -> str:
    """Write the settings, as lines or as sentences."""
    rng, lang = w.rng, scene.lang
    head = rng.choice(_HEADS[lang])
    if scene.facts[0].line:
        mark = rng.choice(["：", ": "]) if lang == "ja" else ": "
        bullet = rng.choice(["", "", "- ", "・" if lang == "ja" else "* "])
        lines = [_LINES[lang][0].format(n=scene.me)]
        if job:
            lines.append(_LINES[lang][1].format(j=job))
        if rng.random() < 0.4:
            lines.append(_LINES[lang][2].format(a=w.pick(TRAITS[lang])))
        lines += [f"{fact.key if lang == 'ja' else fact.key.capitalize()}{mark}{fact.value}" for fact in scene.facts]
        if pronoun:
            lines.insert(rng.randint(1, len(lines)), f"一人称：{pronoun}")
        if scene.suffix:
            lines.append(f"語尾：{scene.suffix}" if lang == "ja" else f'End every sentence with "{scene.suffix}".')
        return "\n".join([head, *(f"{bullet}{line}" for line in lines)]).strip()
    if lang == "ja":
        lines = [f"あなたは{job}の{scene.me}です。" if job else f"あなたの名前は{scene.me}です。"]
        lines += [fact.text if rng.random() < 0.6 else fact.text.removeprefix("あなたの") for fact in scene.facts]
    else:
        article = "an" if job[:1] in ("a", "e", "i", "o", "u", "A") else "a"
        lines = [f"You are {scene.me}, {article} {job}." if job else f"Your name is {scene.me}."]
        lines += [fact.text for fact in scene.facts]
    lines += asides(w, lang, 2 if rng.random() < 0.4 else 0)
    if pronoun:
        lines.append(rng.choice(_PRONOUN_FORMS).replace("{p}", pronoun))
    if scene.suffix:
        lines.append(rng.choice(STYLE[lang]).replace("{s}", scene.suffix))
    lines[1:] = rng.sample(lines[1:], len(lines) - 1)
    if rng.random() < 0.4:
        lines.append(rng.choice(MANNERS[lang]))
    return f"{head}\n{joined(lines, rng.choice([chr(10), '' if lang == 'ja' else ' ']))}".strip()


def persona(w: Words, lang: Lang, level: int) -> Dialogue:
    """Answer as the person that the settings describe: "I", or the given first person, and what was set."""
    rng = w.rng
    scene = Scene(lang, lang, me=w.name(lang))
    wanted, line = rng.randint(1, 1 + level), rng.random() < 0.4
    while len(scene.facts) < wanted:
        fact = own_fact(w, lang)
        if not any(clash(fact, known) for known in (*scene.facts, *scene.absent)):
            (scene.absent if len(scene.absent) < 2 else scene.facts).append(replace(fact, line=line))
    job = w.pick(JOBS[lang]) if rng.random() < 0.6 else ""
    pronoun = rng.choice(_PRONOUNS) if lang == "ja" and rng.random() < 0.5 else ""
    scene.suffix = scene_suffix(w, lang) if rng.random() < 0.2 else ""
    system = _sheet(w, scene, job, pronoun)
    own = f"{pronoun}の" if pronoun else ""
    turns = []
    for at in range(rng.randint(2, 6)):
        kind = rng.random()
        if kind < 0.25:
            ask = decorate(w, rng.choice(ASK_IDENTITY[lang]), lang)
            answer = f"{pronoun or '私'}は{scene.me}です。" if lang == "ja" else f"I am {scene.me}."
        elif kind < 0.35 and job:
            ask = rng.choice(_ASK_JOB[lang])
            article = "an" if job[0] in "aeiouA" else "a"
            answer = f"{pronoun or '私'}は{job}です。" if lang == "ja" else f"I am {article} {job}."
        elif kind < 0.5:
            fact = rng.choice(scene.absent)
            ask = decorate(w, fact.ask, lang, case=False)
            answer = own + missing(fact.key, "ja") if lang == "ja" else fact.missing
        else:
            fact = scene.facts[at % len(scene.facts)]
            ask = decorate(w, fact.ask, lang, case=False)
            answer = own + state(fact.key, fact.value, "ja") if lang == "ja" else fact.answer
        turns.append(Turn(ask, styled(answer, scene.suffix, lang), "persona"))
    return Dialogue(system, turns, lang, suffix=scene.suffix)
