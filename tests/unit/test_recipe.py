from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from transformer_cli.config import Recipe
from transformer_cli.errors import RecipeError
from transformer_cli.recipe import RecipeFile, find_recipe, load_recipe, recipe_to_toml, shipped_recipes

FIVE_LINES = """\
[languages]
source = "fr"
target = "en"
[data]
train = "train.tsv"
"""
RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str, *overrides: str) -> Recipe:
    path = Path("recipe.toml")
    path.write_text(text, encoding="utf-8")
    return load_recipe(RecipeFile(path, Path()), overrides)


def message_of(text: str, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load(text, *overrides)
    return str(caught.value)


# What a recipe needs


def test_a_recipe_of_five_lines_works_and_all_else_has_its_default():
    recipe = load(FIVE_LINES)

    minimal = {"name": "recipe", "languages": {"source": "fr", "target": "en"}, "data": {"train": ["train.tsv"]}}
    assert recipe == Recipe.model_validate(minimal)


def test_the_name_is_the_files_stem_unless_given():
    assert load(FIVE_LINES).name == "recipe"
    assert load(f'name = "mine"\n{FIVE_LINES}').name == "mine"


# What is wrong, where, and what to write instead


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("model.n_heads", "model.num_heads"),
        ("model.dmodel", "model.d_model"),
        ("model.num_layers", "model.num_encoder_layers"),
        ("tokenizer.vocabulary_size", "tokenizer.vocab_size"),
        ("training.max_step", "training.max_steps"),
        ("training.warmup", "training.warmup_steps"),
        ("training.beam_size", "decoding.beam_size"),  # the right name in the wrong section
        ("model.batch_tokens", "training.batch_tokens"),
        ("decoding.batch_token", "decoding.batch_tokens"),  # [training] has one as well
        ("decoding.beam", "decoding.beam_size"),
        ("training.lr", "training.learning_rate"),
        ("retraining.lr", "retraining.learning_rate"),
        ("training.epochs", "training.max_steps"),
        ("training.batch_size", "training.batch_tokens"),
        ("training.name", "name"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_that_exists(wrong, meant):
    section, key = wrong.split(".")

    assert message_of(f"{FIVE_LINES}[{section}]\n{key} = 4\n") == (
        f'recipe.toml: unknown key "{wrong}"; did you mean "{meant}"?'
    )


def test_an_unknown_section_is_named_with_the_nearest_that_exists():
    assert message_of(f"{FIVE_LINES}[trainign]\nseed = 1\n") == (
        'recipe.toml: unknown key "trainign"; did you mean "training"?'
    )


@pytest.mark.parametrize("key", ["zzzzzz", "training.zzzzzz", "training.epoch_zzz"])
def test_a_key_like_no_other_is_named_alone(key):
    assert message_of(FIVE_LINES, f"{key}=1") == f'--set {key}=1: unknown key "{key}"'


@pytest.mark.parametrize("section", ["model", "training", "decoding", "tokenizer"])
def test_no_section_is_proposed_for_a_key(section):
    for other in ("model", "training"):
        assert not message_of(FIVE_LINES, f"{other}.{section}=1").endswith(f'did you mean "{section}"?')


@pytest.mark.parametrize(
    ("right", "wrong", "unknown", "meant"),
    [
        ("train =", "trian =", "data.trian", "data.train"),
        ("source =", "src =", "languages.src", "languages.source"),
        ("[languages]", "[langauges]", "langauges", "languages"),
        ("[data]", "[Data]", "Data", "data"),
        ("[data]", "valid = 5\n[data]", "languages.valid", "data.valid"),
    ],
)
def test_a_required_key_that_is_misspelled_is_named_as_it_was_written(right, wrong, unknown, meant):
    assert message_of(FIVE_LINES.replace(right, wrong)) == (
        f'recipe.toml: unknown key "{unknown}"; did you mean "{meant}"?'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{FIVE_LINES}[model]\nd_ff = "big"\n', '"model.d_ff" is "big"; input should be a valid integer'),
        (f"{FIVE_LINES}[model]\ndropout = 1.5\n", '"model.dropout" is 1.5; input should be less than 1'),
        (
            f"{FIVE_LINES}[training]\nmax_steps = true\n",
            '"training.max_steps" is true; input should be a valid integer',
        ),
        (f"{FIVE_LINES}[model]\nnorm = 'mid'\n", "\"model.norm\" is \"mid\"; input should be 'post' or 'pre'"),
        (f"{FIVE_LINES}tests = {{ law = 5 }}\n", '"data.tests.law" is 5; input should be a valid string or a table'),
        (f"{FIVE_LINES}tests = 5\n", '"data.tests" is 5; input should be a valid dictionary'),
        (f"{FIVE_LINES}valid = 0\n", '"data.valid" is 0; input should be greater than or equal to 1'),
        (
            f"{FIVE_LINES}test = 1.5\n",
            '"data.test" is 1.5; input should be a valid string or a table or a valid integer',
        ),
        (FIVE_LINES.replace('"train.tsv"', "[1]"), '"data.train" is 1; input should be a valid string or a table'),
        (
            FIVE_LINES.replace('"train.tsv"', '["a.tsv", {path = "b.tsv", weight = 0}]'),
            '"data.train.weight" is 0; input should be greater than 0',
        ),
        (
            FIVE_LINES.replace('"train.tsv"', '{path = "b.tsv", wieght = 2}'),
            'unknown key "data.train.wieght"; did you mean "data.train.weight"?',
        ),
        (
            FIVE_LINES.replace('"train.tsv"', "[{weight = 2}]"),
            '"data.train": name the corpus: "path", or "source" and "target"',
        ),
        (
            FIVE_LINES.replace('"train.tsv"', '{path = "b.tsv", source_column = 1}'),
            '"data.train": source_column and target_column go together; give both or none',
        ),
        (
            f"{FIVE_LINES}[cleaning]\ntoo_long = true\n",
            '"cleaning.too_long" is true; input should be a valid integer or false',
        ),
        (f"model = 3\n{FIVE_LINES}", '"model" must be a section, [model]'),
        (f"{FIVE_LINES}[[model]]\nd_ff = 8\n", '"model" must be a section, [model]'),
        (f"{FIVE_LINES}[name]\nx = 1\n", '"name" is {"x": 1}; input should be a valid string'),
        (f"name = 'two words'\n{FIVE_LINES}", '"name" is "two words"; it may have Latin letters, digits'),
        (FIVE_LINES.replace('target = "en"\n', ""), '"languages.target" is missing'),
        (FIVE_LINES.replace('train = "train.tsv"\n', ""), '"data.train" is missing'),
        ("", '"languages" is missing'),
        (
            FIVE_LINES.replace('"en"', '"a/b"'),
            "\"languages.target\": 'a/b' is no language code; it has letters",
        ),
        (FIVE_LINES.replace('"en"', '".."'), "\"languages.target\": '..' is no language code; "),
        (FIVE_LINES.replace('"en"', '"fr"'), "\"languages\": source and target are both 'fr'; they must differ"),
        (f"{FIVE_LINES}[model]\nnum_heads = 3\n", '"model": d_model (128) must be divisible by num_heads (3)'),
        (
            FIVE_LINES.replace('"train.tsv"', r'["a.tsv", "x\u0000.tsv"]'),
            r'"data.train" is "x\u0000.tsv"; no text here can hold a NUL',
        ),
    ],
)
def test_a_wrong_or_missing_value_is_named_with_its_key(text, message):
    assert message_of(text).startswith(f"recipe.toml: {message}")


def test_a_long_value_is_shown_shortened():
    message = message_of(FIVE_LINES.replace('"fr"', "[" + "1, " * 1000 + "]"))

    assert message.startswith('recipe.toml: "languages.source" is [1, 1, ')
    assert len(message) < 150


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{FIVE_LINES}[model\n", "line 6"),
        (f"{FIVE_LINES}d_ff\n", "line 6"),
        ("[languages]\nsource = fr\n", "line 2"),
        ("[languages]\nsource = 'fr", "end of document"),
        ("a = 1\na = 2\n", "line 2"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(text, place):
    message = message_of(text)

    assert message.startswith("recipe.toml: is not valid TOML: ")
    assert place in message


def test_a_mark_that_an_editor_puts_before_a_recipe_is_dropped():
    Path("recipe.toml").write_text(FIVE_LINES, encoding="utf-8-sig")

    assert load_recipe(RecipeFile(Path("recipe.toml"), Path())).languages.source == "fr"


def test_a_recipe_in_another_encoding_is_refused():
    Path("recipe.toml").write_bytes(FIVE_LINES.replace("train.tsv", "été.tsv").encode("latin-1"))

    with pytest.raises(RecipeError, match=r"^recipe\.toml: is not UTF-8 text; save it as UTF-8$"):
        load_recipe(RecipeFile(Path("recipe.toml"), Path()))


def test_a_recipe_that_cannot_be_read_is_named_with_the_reason():
    with pytest.raises(RecipeError, match=r"^gone\.toml: cannot be read: No such file or directory$"):
        load_recipe(RecipeFile(Path("gone.toml"), Path()))


# Overrides


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("training.max_steps=10", "training", "max_steps", 10),
        (" training.max_steps = 10 ", "training", "max_steps", 10),
        ("training.learning_rate=1e-3", "training", "learning_rate", 0.001),
        ("model.tied_embeddings=false", "model", "tied_embeddings", False),
        ("model.norm=pre", "model", "norm", "pre"),
        ('model.norm="pre"', "model", "norm", "pre"),
        ("data.train=other.tsv", "data", "train", ["other.tsv"]),
        ('data.train=["a.tsv", "b.tsv"]', "data", "train", ["a.tsv", "b.tsv"]),
        ("data.train=C:\\new=folder\\x.tsv", "data", "train", ["C:\\new=folder\\x.tsv"]),
        ("data.folder=/a folder/é", "data", "folder", "/a folder/é"),
        ("data.valid=20", "data", "valid", 20),
        ("data.valid=v.tsv", "data", "valid", "v.tsv"),
        (
            'data.test={source="a", target="b"}',
            "data",
            "test",
            {"source": "a", "target": "b"},
        ),
    ],
)
def test_an_override_sets_one_value_and_nothing_else(override, section, key, value):
    plain = load(FIVE_LINES)
    changed = load(FIVE_LINES, override)

    expected = plain.model_dump()
    expected[section][key] = value
    assert changed == Recipe.model_validate(expected)


def test_the_last_override_of_a_key_wins_over_the_others_and_the_file():
    recipe = load(f"{FIVE_LINES}[training]\nseed = 1\n", "training.seed=2", "name=mine", "training.seed=3")

    assert (recipe.name, recipe.training.seed) == ("mine", 3)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.n_heads=3", 'unknown key "model.n_heads"; did you mean "model.num_heads"?'),
        ("model.d_ff=big", '"model.d_ff" is "big"; input should be a valid integer'),
        ("training.max_steps=-1", '"training.max_steps" is -1; input should be greater than or equal to 1'),
        ("data.valid=-1", '"data.valid" is -1; input should be greater than or equal to 1'),
        ("model.num_heads=3", '"model": d_model (128) must be divisible by num_heads (3)'),
        ("model=3", '"model" must be a section, [model]'),
        ("name.x=3", '"name" is {"x": 3}; input should be a valid string'),
        (
            "placeholders.patterns='['",
            '"placeholders.patterns": "[" is no regular expression: unterminated character set at position 1',
        ),
        (
            "placeholders.patterns='x*'",
            '"placeholders.patterns": "x*" matches a text of no characters; it must match a placeholder',
        ),
        (
            "placeholders.without=codes",
            "\"placeholders.without\" is \"codes\"; input should be 'code', 'link', 'email', 'braces', 'printf', "
            "'variable', 'tag', 'entity' or 'path'",
        ),
        ('data.valid={pth="a"}', 'unknown key "data.valid.pth"; did you mean "data.valid.path"?'),
        (
            'data.test={source="a"}',
            '"data.test": "source" and "target" are two aligned text files; give both, or "path" alone',
        ),
        ("data.tests.law={path=3}", '"data.tests.law.path" is 3; input should be a valid string'),
        (
            'languages.target="fra"',
            "\"languages\": source 'fr' and target 'fra' are the same language; they must differ",
        ),
        ("data.train.x=3", '"train" is not a section'),
        (
            r'data.tests={law = {source = "a", target = "b\u0000"}}',
            r'"data.tests.law.target" is "b\u0000"; no text here can hold a NUL',
        ),
        ("training.max_steps", 'write it as section.key=value, as in "training.max_steps=1000"'),
        ("=3", 'write it as section.key=value, as in "training.max_steps=1000"'),
        ("training.=3", 'write it as section.key=value, as in "training.max_steps=1000"'),
        ('languages.source="fr', "the quotes do not fit: unterminated string (at end of document)"),
        ("data.folder=\udcff", "is not UTF-8 text, so that no recipe can hold it"),
    ],
)
def test_what_is_wrong_with_an_override_is_said_of_the_override(override, message):
    assert message_of(FIVE_LINES, override) == f"--set {override}: {message}"


def test_what_is_wrong_with_the_file_is_not_said_of_an_override():
    message = message_of(f"{FIVE_LINES}[model]\nnum_heads = 'x'\n", "model.num=4", "training.seed=2")

    assert message.startswith('recipe.toml: "model.num_heads" is "x"')


# Which recipe is meant


def test_a_path_is_read_and_its_folder_is_where_its_files_lie(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "mine.toml").write_text(FIVE_LINES, encoding="utf-8")

    assert find_recipe("sub/mine.toml") == RecipeFile(Path("sub/mine.toml"), Path("sub"))


def test_a_shipped_recipe_is_found_by_name_and_its_files_lie_in_the_current_folder():
    assert find_recipe("multi30k-en-de") == RecipeFile(shipped_recipes()["multi30k-en-de"], Path())


def test_a_file_of_that_name_wins_over_a_shipped_recipe(folder):
    (folder / "phrasebook").write_text(FIVE_LINES, encoding="utf-8")

    assert find_recipe("phrasebook") == RecipeFile(Path("phrasebook"), Path())


def test_with_nothing_named_the_recipe_in_the_current_folder_is_meant(folder):
    (folder / "tfm.toml").write_text(FIVE_LINES, encoding="utf-8")

    assert find_recipe(None) == RecipeFile(Path("tfm.toml"), Path())


def test_with_nothing_named_and_nothing_there_the_phrasebook_steps_in():
    assert find_recipe(None) == RecipeFile(shipped_recipes()["phrasebook"], Path(), is_fallback=True)
    assert not find_recipe("phrasebook").is_fallback


def test_a_recipe_that_is_not_there_is_named_beside_those_that_ship():
    with pytest.raises(RecipeError) as caught:
        find_recipe("nowhere.toml")

    assert str(caught.value) == (
        f'there is no recipe "nowhere.toml"; give a .toml file, or one that ships: {", ".join(shipped_recipes())}'
    )


def test_a_folder_is_no_recipe(folder):
    (folder / "sub").mkdir()

    with pytest.raises(RecipeError, match=r'^"sub" is not a file; give a recipe, that is a \.toml file$'):
        find_recipe("sub")


# Recipes that ship


def test_the_promised_recipes_ship():
    promised = {"phrasebook", "multi30k-en-de", "multi30k-en-fr", "wmt14-en-de-base", "wmt14-en-de-big"}

    assert promised <= shipped_recipes().keys()
    assert shipped_recipes() == {path.stem: path for path in RECIPES.glob("*.toml")}


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_loads_and_each_of_its_values_arrives(path):
    recipe = load_recipe(RecipeFile(path, Path()))

    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert written.pop("name") == recipe.name == path.stem
    values = recipe.model_dump()
    assert {section: {key: values[section][key] for key in keys} for section, keys in written.items()} == written


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_begins_with_a_comment_that_says_what_it_is(path):
    assert re.match(r"# \w", path.read_text(encoding="utf-8"))


# Written out and read back

# What a recipe can hold: all of Unicode but lone surrogates and NUL
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
CODES = st.text(st.characters(exclude_categories=["C"], exclude_characters="/\\"), min_size=1).filter(
    lambda code: code.strip(". ")
)


@hypothesis_settings(deadline=None)
@given(
    train=st.lists(TEXTS | st.fixed_dictionaries({"path": TEXTS, "weight": st.floats(1e-9, 1e9)}), min_size=1),
    too_long=st.integers(1, 9) | st.just(False),
    held_out=st.one_of(st.none(), st.integers(1, 9), TEXTS),
    languages=st.lists(CODES, min_size=2, max_size=2, unique=True),
    learning_rate=st.one_of(st.none(), st.floats(1e-300, 1e300)),
    minutes=st.one_of(st.none(), st.integers(1, 10**9), st.floats(1e-5, 1e9)),
    tests=st.dictionaries(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True), TEXTS, max_size=2),
)
@example(
    [{"path": "a.tsv", "weight": 2.0}, 'a"b\\c.tsv', "d'é\u2028\x7f\x01\n\r\t.tsv"],
    False,
    "C:\\é",
    ['"', "'"],
    1e-9,
    60,
    {"1-a": '"\\'},
)
def test_a_recipe_written_out_reads_back_as_an_equal_one(
    tmp_path_factory, train, too_long, held_out, languages, learning_rate, minutes, tests
):
    recipe = Recipe.model_validate(
        {
            "name": "x",
            "languages": dict(zip(("source", "target"), languages, strict=True)),
            "data": {"train": train, "test": held_out, "tests": tests},
            "cleaning": {"too_long": too_long},
            "training": {"learning_rate": learning_rate, "max_minutes": minutes},
        }
    )
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_bytes(recipe_to_toml(recipe).encode())

    assert load_recipe(RecipeFile(path, Path())) == recipe


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_written_out_spells_out_every_value(path, folder):
    recipe = load_recipe(RecipeFile(path, Path()))
    written = recipe_to_toml(recipe)
    (folder / "written.toml").write_text(written, encoding="utf-8")

    assert load_recipe(RecipeFile(folder / "written.toml", Path())) == recipe
    assert tomllib.loads(written) == recipe.model_dump(exclude_none=True)


def test_reading_a_recipe_loads_no_heavy_library():
    code = """
import sys
from pathlib import Path
from transformer_cli.recipe import find_recipe, load_recipe, recipe_to_toml
recipe_to_toml(load_recipe(find_recipe("phrasebook")))
print(sorted({"torch", "datasets", "numpy", "sentencepiece", "sacrebleu", "typer"} & sys.modules.keys()))
"""
    environment = {"PYTHONPATH": str(RECIPES.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
