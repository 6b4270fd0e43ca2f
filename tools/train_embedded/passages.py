"""Found passages, as `rag()` gives them: several texts with blank lines between, one of which may hold the answer.

They reach from two short passages to a context full of them. Facts that differ only in their owner stand side by
side, a third of the questions has no answer, and an instruction may say what to answer then.
"""
# ruff: noqa: E501

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.facts import Fact, ask_key, missing, relation_fact, state
from tools.train_embedded.figures import Lang
from tools.train_embedded.instructions import Scene, facts
from tools.train_embedded.phrases import FRAMES, HEADINGS, NOTES
from tools.train_embedded.relations import RELATIONS, RELATIONS_HELD_OUT
from tools.train_embedded.scenes import decorate
from tools.train_embedded.words import Words

_FRAMES: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "次の資料をもとに、質問に答えてください。\n\n{body}", "以下の参考資料だけを使って、ユーザーの質問に答えてください。\n\n{body}", "参考：\n{body}\n\n上の参考をもとに答えてください。", "検索結果：\n\n{body}\n\n検索結果から答えてください。",
        "あなたは資料から答えるアシスタントです。\n\n# 資料\n{body}", "次の文書を参考にして答えてください。\n---\n{body}\n---", "# 参考情報\n{body}\n\n# 指示\n参考情報をもとに質問に答えてください。", "関連する文章：\n{body}\n\n質問に答えてください。",
        "以下の文章に基づいて回答してください。\n\n{body}", "<資料>\n{body}\n</資料>\n資料を読んで答えてください。", "コンテキスト：\n{body}\n\nコンテキストに基づいて答えてください。", "{body}",
    ),
    "en": (
        "Answer the question from the passages below.\n\n{body}", "Use only the following documents to answer.\n\n{body}", "Context:\n{body}\n\nAnswer from the context.", "Search results:\n\n{body}\n\nAnswer from the search results.",
        "You answer questions from documents.\n\n# Documents\n{body}", "Use the following pieces of context to answer the question.\n---\n{body}\n---", "# Reference\n{body}\n\n# Instruction\nAnswer the question from the reference.",
        "Relevant passages:\n{body}\n\nAnswer the user's question.", "Based on these texts, answer the question.\n\n{body}", "<documents>\n{body}\n</documents>\nRead the documents and answer.", "{body}",
    ),
}  # fmt: skip
_ELSE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "書かれていないときは「{no}」と答えてください。", "答えが資料にない場合は「{no}」と答えてください。", "わからないときは、「{no}」とだけ言ってください。", "見つからなければ「{no}」と返してください。", "資料にないことを聞かれたら「{no}」と答えること。",
        "答えがなければ{no}と答えてください。",
    ),
    "en": (
        'If it is not written, answer "{no}".', 'If the answer is not in the documents, say "{no}".', 'If you do not know, just say "{no}".', 'When nothing is found, reply "{no}".', 'If the context does not hold the answer, answer with "{no}".',
        "If there is no answer, say {no}",
    ),
}  # fmt: skip
_NO: dict[Lang, tuple[str, ...]] = {
    "ja": ("わかりません", "わかりません。", "不明", "不明です。", "資料にありません。", "該当なし", "なし", "見つかりませんでした。", "担当者に確認します。", "情報がありません", "回答できません。", "申し訳ありませんが、わかりません。", "お答えできません"),
    "en": ("I don't know.", "I do not know", "unknown", "Not found.", "none", "no answer", "N/A", "I have no information about that.", "Please ask the staff.", "not in the documents", "I cannot answer that.", "no data"),
}  # fmt: skip
_MORE_NOTES: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{w}は多くの人でにぎわっています。", "{n}さんは毎日{t}のことを考えています。", "このあたりは昔から{t}で知られています。", "くわしいことは係の者におたずねください。", "{w}まで歩いて行く人もいます。", "雨の日は足元に気をつけてください。",
        "{t}を持ってくると便利です。", "昨年は{n}さんが手伝いました。", "子どもから大人まで楽しめます。", "{w}の近くでは{t}がよく見られます。",
    ),
    "en": (
        "{w} is full of people.", "{n} thinks about the {t} every day.", "This area has long been known for the {t}.", "Please ask the staff for details.", "Some people walk to {w}.", "Please be careful when it rains.",
        "It helps to bring a {t}.", "Last year {n} helped.", "Young and old can enjoy it.", "Near {w} one often sees a {t}.",
    ),
}  # fmt: skip
_WITH_QUESTION: dict[Lang, tuple[str, ...]] = {
    "ja": ("{text}\n\n質問：{q}", "質問：{q}\n\n{text}", "{text}\n\n# 質問\n{q}", "{text}\n\nQ: {q}"),
    "en": ("{text}\n\nQuestion: {q}", "Question: {q}\n\n{text}", "{text}\n\n# Question\n{q}", "{text}\n\nQ: {q}"),
}


def _rivals(w: Words, scene: Scene) -> list[Fact]:
    """Make facts that differ only in their owner; one more owner has none."""
    rng, lang = w.rng, scene.lang
    table = (RELATIONS_HELD_OUT if w.held_out else RELATIONS)[lang]
    kind = rng.choice(list(table))
    relation = rng.choice(table[kind])
    line = rng.random() < 0.3
    made: list[Fact] = []
    for _ in range(rng.randint(3, 4)):
        owner = w.name(lang)
        key = f"{owner}の{relation}" if lang == "ja" else f"{owner[0].upper()}{owner[1:]}'s {relation}"
        value = w.value(kind, lang)
        text = state(key, value, lang)
        if line:
            text = f"{key}：{value}" if lang == "ja" else f"{key}: {value}"
        if any(owner in fact.key or fact.value == value for fact in made):
            continue
        ask = ask_key(w, key, kind, lang)
        made.append(Fact(key, text, ask, state(key, value, lang), missing(key, lang), kind, line=line, value=value))
    if any(known.key in fact.key for fact in made for known in (*scene.facts, *scene.absent)):
        return []
    scene.absent.append(made.pop())
    return made


def blocks(w: Words, scene: Scene, count: int) -> str:
    """Write passages with at least `count` facts in all, in any order; the scene's facts are filled."""
    rng, lang = w.rng, scene.lang
    texts: list[str] = []
    while len(scene.facts) < count:
        known = len(scene.facts)
        if rng.random() < 0.25:
            scene.facts += _rivals(w, scene)
        else:
            facts(w, scene, min(count + 1, known + rng.randint(1, 5)))
        new = scene.facts[known:]
        if not new:
            continue
        lines = [fact.text for fact in new]
        if not new[0].line:
            for _ in range(rng.choice([0, 0, 1, 2])):
                note = rng.choice(NOTES[lang] + _MORE_NOTES[lang])
                note = note.format(w=w.place(lang), n=w.name(lang), t=w.thing(lang))
                lines.insert(rng.randint(0, len(lines)), note[0].upper() + note[1:])
        glue = "\n" if new[0].line else rng.choice(["", "", "\n"] if lang == "ja" else [" ", " ", "\n"])
        text = glue.join(lines)
        if rng.random() < 0.35:
            text = f"{rng.choice(HEADINGS[lang]).format(w=w.place(lang), n=w.name(lang))}\n{text}"
        texts.append(text)
    rng.shuffle(texts)
    mark = rng.random()
    if mark < 0.1:
        texts = [f"[{at}] {text}" for at, text in enumerate(texts, 1)]
    return ("\n\n" if mark < 0.92 else "\n---\n").join(texts)


def questions(w: Words, scene: Scene, most: int, no: str = "") -> list[Turn]:
    """Ask for facts in any order; a third of the questions has no answer."""
    rng, lang = w.rng, scene.lang
    asked = rng.sample(scene.facts, min(len(scene.facts), most))
    turns = []
    for at in range(most):
        if rng.random() < 0.34 or at >= len(asked):
            fact = rng.choice(scene.absent) if rng.random() < 0.7 else _elsewhere(w, scene)
            turns.append(
                Turn(decorate(w, fact.ask, lang, case=False), no or fact.missing, "fallback" if no else "rag_none")
            )
        else:
            turns.append(Turn(decorate(w, asked[at].ask, lang, case=False), asked[at].answer, "rag"))
    return turns


def _elsewhere(w: Words, scene: Scene) -> Fact:
    """Make a fact that the passages do not hold, perhaps of a known relation and another owner."""
    while True:
        fact = relation_fact(w, scene.lang, line=False)
        if not any(known.key in fact.key or fact.key in known.key for known in scene.facts):
            return fact


def rag_dialogue(w: Words, lang: Lang, count: int, most: int) -> Dialogue:
    """Answer up to `most` questions from passages that hold `count` facts."""
    rng = w.rng
    scene = Scene(lang, lang)
    body = blocks(w, scene, count)
    form = rng.choice(_FRAMES[lang] if rng.random() < 0.8 else FRAMES[lang])
    text = form.replace("{body}", body).replace("{w}", w.place(lang))
    no = ""
    if rng.random() < 0.3:
        no = rng.choice(_NO[lang]) if rng.random() < 0.75 else w.made_up(lang)
        rule = rng.choice(_ELSE[lang]).replace("{no}", no)
        text = f"{text}\n{rule}" if rng.random() < 0.6 or form == "{body}" else f"{rule}\n{text}"
    turns = questions(w, scene, rng.randint(min(2, most), most), no)
    if rng.random() < 0.2:
        ask = rng.choice(_WITH_QUESTION[lang]).replace("{text}", text).replace("{q}", turns[0].user)
        first = Turn(ask, turns[0].answer, turns[0].skill)
        return Dialogue("", [first, *turns[1:]], lang)
    if rng.random() < 0.1:
        ask = rng.choice(_WITH_QUESTION[lang]).replace("{text}", text).replace("{q}", turns[0].user)
        return Dialogue(ask, turns[:1], lang)
    return Dialogue(text, turns, lang)
