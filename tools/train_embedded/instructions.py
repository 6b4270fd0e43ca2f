"""Instructions: who the model is, how it speaks, what it knows, written as people write them."""

from dataclasses import dataclass, field

from tools.train_embedded.facts import Fact, clash, deed_fact, own_fact, relation_fact, statement_fact, topic_fact
from tools.train_embedded.figures import Lang
from tools.train_embedded.phrases import (
    ASIDES,
    FRAMES,
    HEADINGS,
    IDENTITY,
    LONG_ROLES,
    MANNERS,
    NAMED_ROLE,
    NOTES,
    ROLE,
    STYLE,
    USER_IS,
)
from tools.train_embedded.words import JOBS, THINGS, TRAITS, Words


@dataclass(slots=True)
class Scene:
    """What the instruction says, ready to be written and asked about."""

    lang: Lang
    ask_lang: Lang
    me: str = ""  # the name or role given
    identity: str = ""
    suffix: str = ""
    facts: list[Fact] = field(default_factory=list)
    absent: list[Fact] = field(default_factory=list)
    user_name: str = ""
    asked: int = 0


def identity(w: Words, lang: Lang) -> tuple[str, str]:
    """Write a sentence that says who the model is, and what it then calls itself."""
    rng = w.rng
    name, job, trait = w.name(lang), w.pick(JOBS[lang]), w.pick(TRAITS[lang])
    kind = rng.random()
    if kind < 0.2:
        job = trait + ("" if lang == "ja" else " ") + job
    elif kind < 0.3 and lang == "ja":
        job = f"{w.place('ja')}の{job}"
    elif kind < 0.4:
        job = (
            f"{w.thing('ja')}{rng.choice(['屋', '係', '売り', '職人'])}"
            if lang == "ja"
            else f"{w.pick(THINGS['en'])} {rng.choice(['seller', 'maker', 'fan'])}"
        )
    if rng.random() < 0.2:
        job = rng.choice(LONG_ROLES[lang]).format(job=job, p=w.place(lang), t=w.thing(lang), a=w.pick(TRAITS[lang]))
    form = rng.choice({0: IDENTITY, 1: NAMED_ROLE, 2: ROLE}[rng.choices([0, 1, 2], [5, 3, 1])[0]][lang])
    article = "an" if job[0] in "aeiouAEIOU" else "a"
    text = form.format(n=name, job=job, a=article)
    me = name if "{n}" in form else (job if lang == "ja" else f"{article} {job}")
    return text, me


def asides(w: Words, lang: Lang, most: int) -> list[str]:
    """Write sentences about the persona that no question is about."""
    forms = w.rng.choices(ASIDES[lang], k=w.rng.randint(0, most))
    return [
        form.format(t=w.thing(lang), u=w.thing(lang), p=w.place(lang), a=w.pick(TRAITS[lang]), n=w.name(lang))
        for form in forms
    ]


def facts(w: Words, scene: Scene, count: int) -> None:
    """Fill the scene with facts of distinct keys, and with some that the passage does not hold."""
    rng, lang = w.rng, scene.lang
    line = rng.random() < 0.35
    crossed = scene.ask_lang != lang
    story = not line and not crossed and rng.random() < 0.15
    while len(scene.facts) < count or len(scene.absent) < 2:
        kind = rng.random()
        if crossed or kind < 0.45:
            fact = topic_fact(w, lang, line=line, ask_lang=scene.ask_lang)
        elif story:
            fact = deed_fact(w, lang)
        elif not line and rng.random() < 0.35:
            fact = statement_fact(w, lang)
        elif scene.me and kind < 0.75 and not line:
            fact = own_fact(w, lang)
        else:
            fact = relation_fact(w, lang, line=line)
        if any(clash(fact, known) for known in (*scene.facts, *scene.absent)):
            continue
        (scene.facts if len(scene.facts) < count else scene.absent).append(fact)


def plain_facts(w: Words, scene: Scene, count: int) -> None:
    """Fill the scene with facts of the plain form "the x is y", and with two that the passage does not hold."""
    line = w.rng.random() < 0.35
    while len(scene.facts) < count or len(scene.absent) < 2:
        fact = relation_fact(w, scene.lang, line=line)
        if not any(clash(fact, known) for known in (*scene.facts, *scene.absent)):
            (scene.facts if len(scene.facts) < count else scene.absent).append(fact)


def passage(w: Words, scene: Scene) -> str:
    """Write the facts as one text, perhaps with a heading."""
    rng, lang = w.rng, scene.lang
    texts = [fact.text for fact in scene.facts]
    rng.shuffle(scene.facts)
    if scene.facts[0].line:
        body = "\n".join(texts)
    else:
        if rng.random() < 0.3:
            texts.insert(rng.randint(0, len(texts)), rng.choice(NOTES[lang]))
        if rng.random() < 0.1:
            texts = [f"{rng.choice(['・', '- '])}{text}" for text in texts]
            body = "\n".join(texts)
        else:
            body = rng.choice(["", "", "\n"] if lang == "ja" else [" ", " ", "\n"]).join(texts)
    if rng.random() < 0.25:
        body = f"{rng.choice(HEADINGS[lang]).format(w=w.place(lang), n=w.name(lang))}\n{body}"
    form = rng.choice(FRAMES[lang])
    return form.replace("{body}", body).replace("{w}", w.place(lang))


def instruction(w: Words, scene: Scene, *, level: int) -> str:
    """Write the instruction of a scene."""
    rng, lang = w.rng, scene.lang
    head = [scene.identity] if scene.identity else []
    if scene.identity:
        head += asides(w, lang, min(level, 3) if rng.random() < 0.5 else 0)
        if (lang == "ja" and rng.random() < 0.15) or (lang == "en" and rng.random() < 0.2):
            head[1:] = sorted(head[1:], key=lambda _: rng.random())
    if scene.suffix:
        head.append(rng.choice(STYLE[lang]).replace("{s}", scene.suffix))
    if scene.user_name:
        head.append(rng.choice(USER_IS[lang]).format(n=scene.user_name))
    if (head and rng.random() < 0.35) or (not head and not scene.facts):
        head.insert(rng.randint(0, len(head)), rng.choice(MANNERS[lang]))
    parts = [joined(head, rng.choice(["\n", ""] if lang == "ja" else ["\n", " "]))] if head else []
    if scene.facts:
        parts.append(passage(w, scene))
    return rng.choice(["\n", "\n", "\n\n"]).join(parts)


def joined(sentences: list[str], glue: str) -> str:
    """Join sentences; one without a full stop ends its line, or its last word would run into the next."""
    text = ""
    for sentence in sentences:
        text += sentence + (glue if sentence[-1] in "。.！!" else "\n")
    return text.strip()
