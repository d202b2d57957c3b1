"""The strict loader: each way a table can be broken, with the words of its message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.tables import MAX_BYTES, MAX_LINE, line_of, read_table, read_toml

REQUIRED, OPTIONAL, KEY = ("code", "name"), ("note",), ("code",)


def read(tmp_path, data):
    path = tmp_path / "t.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, required=REQUIRED, optional=OPTIONAL, key=KEY)


def test_rows_carry_text_and_line(tmp_path):
    rows = read(tmp_path, 'code,name\na,"x,\ny"\nb,\n')
    assert [(row["code"], row["name"], row["note"], row.line) for row in rows] == [
        ("a", "x,\ny", "", 2),
        ("b", "", "", 4),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("code,name,colour\na,b,c\n", "t.csv:1: unknown column 'colour'"),
        ("code\na\n", "t.csv:1: missing column 'name'"),
        ("code,code,name\na,b,c\n", "t.csv:1: column 'code' stands twice"),
        ("code,name\na,b\nc,d\na,e\n", "t.csv:4: duplicate key 'a', first on line 2"),
        ("code,name\n,b\n", "t.csv:2: empty key in column 'code'"),
        ("code,name\na,b,c\n", "t.csv:2: 3 cells where the header has 2"),
        ("code,name\na\n", "t.csv:2: 1 cells where the header has 2"),
        ("code,name\na,b\n\nc,d\n", "t.csv:3: blank line"),
        ("code,name\na, b\n", "t.csv:2: space around the cell of column 'name'"),
        ("\ufeffcode,name\na,b\n", "t.csv:1: begins with a byte order mark (BOM)"),
        ("code,name\r\na,b\r\n", "t.csv:1: carriage return (CR)"),
        ("code,name\na,b\rc,d\n", "t.csv:2: carriage return (CR)"),
        ("code,name\na,b\x00\n", "t.csv:2: NUL character"),
        ("", "t.csv:1: empty file"),
        ("\n\n", "t.csv:1: empty file"),
        ("code,name\na,b\n" + "c" * (MAX_LINE + 1), f"t.csv:3: line longer than {MAX_LINE} characters"),
        (b"code,name\na,\xb8\xdf\n", "t.csv:2: not valid UTF-8"),
        ('code,name\na,"b\n', "t.csv:2: not valid CSV"),
        ('code,name\na,"b"c\n', "t.csv:2: not valid CSV"),
    ],
)
def test_broken_table_names_file_and_line(tmp_path, data, message):
    with pytest.raises(DataFileError) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(message)


def test_a_ten_megabyte_line_is_not_read(tmp_path):
    with pytest.raises(DataFileError, match=f"t.csv: larger than {MAX_BYTES} bytes"):
        read(tmp_path, b"code,name\n" + b"x" * 10_000_000)


def test_a_missing_file_or_a_folder(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataFileError, match="cannot be read"):
            read_table(path, required=REQUIRED, key=KEY)


def test_listed_values(tmp_path):
    row = read(tmp_path, "code,name\na,x|y\n")[0]
    assert row.values("name") == ("x", "y")
    assert row.values("note") == ()
    for cell, words in (("x||y", "an empty part"), ("x|x", "a part twice")):
        with pytest.raises(DataFileError, match=f"t.csv:2: column 'name' .*{words}"):
            read(tmp_path, f"code,name\na,{cell}\n")[0].values("name")
    with pytest.raises(DataFileError, match=r"t.csv:2: column 'name' is 'x'; allowed: y, z"):
        read(tmp_path, "code,name\na,x\n")[0].choice("name", ("y", "z"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('id = "a"\ncolour = 1\n', "t.toml:2: unknown key 'colour'"),
        ('id = "a"\n[colour]\nx = 1\n', "t.toml:2: unknown key 'colour'"),
        ("note = 1\n", "t.toml: missing key 'id'"),
        ('id = "a"\nid = "b"\n', "t.toml:2: not valid TOML"),
        ('id = "a\n', "t.toml:1: not valid TOML"),
        ("id = " + "[" * 4000, "t.toml: nested too deeply"),
        ("id = 1\r\n", "t.toml:1: carriage return"),
        ("", "t.toml:1: empty file"),
    ],
)
def test_broken_toml_names_file_and_line(tmp_path, text, message):
    path = tmp_path / "t.toml"
    path.write_bytes(text.encode())
    with pytest.raises(DataFileError) as caught:
        read_toml(path, required=("id",), optional=("note",))
    assert str(caught.value).startswith(message)


def test_line_of_a_key():
    assert line_of('a = 1\n"b" = 2\n[c]\n', "b") == 2
    assert line_of("a = 1\n[c.d]\n", "c") == 2
    assert line_of("ab = 1\n", "a") is None


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_read_or_raise_a_data_file_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    for content in (data, b"code,name\n" + data):
        path.write_bytes(content)
        rows, refused = outcome(lambda: read_table(path, required=REQUIRED, optional=OPTIONAL, key=KEY))
        assert refused.startswith("t.csv") if rows is None else all(row["code"] for row in rows)
        value, refused = outcome(lambda: read_toml(path, required=("id",)))
        assert refused.startswith("t.csv") if value is None else "id" in value


def outcome(call):
    """The value, or the message of the only error that is allowed."""
    try:
        return call(), ""
    except DataFileError as error:
        return None, str(error)
