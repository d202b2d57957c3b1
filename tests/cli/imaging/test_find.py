"""``fhir-hr imaging find``: what archives hold, what could not be asked, and a picture that names nobody."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from fhir_hr.testing.dicom import dataset
from fhir_hr.testing.qido import QidoServer


@pytest.fixture
def server():
    held = [
        dataset(study="A", number=1),
        dataset(study="A", number=2),
        dataset(study="B", number=1, StudyDate="20250101", StudyDescription="头部CT"),
        dataset(study="C", number=1, PatientID="T0002", PatientName="Bie^Ren=别^人"),
    ]
    with QidoServer(held) as running:
        yield running


def test_a_patients_studies_the_latest_first(cli, server):
    done = cli("imaging", "find", "--source", server.root, "--patient-id", "T0001")
    assert done.code == 0
    rows = [line for line in done.out.splitlines() if "CT" in line and "20" in line]
    assert ["2026-03-01" in rows[0], "2025-01-01" in rows[1]] == [True, True]
    assert "cn-51-img-26" in done.out
    assert "测试甲" not in done.out


def test_as_json_with_items_and_candidates(cli, server):
    found = cli("imaging", "find", "--source", server.root, "--name", "测试甲", "--json").json
    assert [(each["description"], each["item"]) for each in found["studies"]] == [
        ("胸部CT平扫", "cn-51-img-26"),
        ("头部CT", None),
    ]
    assert found["archives"][0]["state"] == "found"
    assert "测试甲" not in str(found)


def test_an_archive_that_is_gone_is_named_and_the_other_still_answers(cli, server):
    done = cli(
        "imaging", "find", "--source", server.root, "--source", "dimse://NOBODY@127.0.0.1:1", "--patient-id", "T0001"
    )
    assert done.code == 3
    assert "NOBODY@127.0.0.1:1: 无法查询" in done.out
    assert "2026-03-01" in done.out


def test_the_picture_names_no_patient(cli, server, tmp_path):
    picture = tmp_path / "line.svg"
    cli("imaging", "find", "--source", server.root, "--patient-id", "T0001", "--picture", picture)
    text = picture.read_text("utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert ("2026-03-01" in text, "测试甲" in text, "T0001" in text) == (True, False, False)


def test_a_file_describes_archives_and_takes_secrets_from_the_environment(cli, server, tmp_path, monkeypatch):
    file = tmp_path / "sources.toml"
    file.write_text(
        f'[[source]]\nname = "影像云"\nkind = "dicomweb"\nroot = "{server.root}"\ntoken_env = "HR_TOKEN"\n', "utf-8"
    )
    done = cli("imaging", "find", "--sources", file, "--patient-id", "T0001")
    assert (done.code, "'HR_TOKEN', and it is not set" in done.err) == (2, True)
    monkeypatch.setenv("HR_TOKEN", "secret-token")
    done = cli("imaging", "find", "--sources", file, "--patient-id", "T0001")
    assert done.code == 0
    assert "影像云: 有 (2)" in done.out
    assert {asked.headers.get("authorization") for asked in server.asked} == {"Bearer secret-token"}
    assert "secret-token" not in done.out + done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "is no TOML in UTF-8"),
        ("a = 1", "must hold [[source]] tables and nothing else"),
        ('[[source]]\nname = "a"\nkind = "ftp"', "source 1: kind must be one of dicomweb, dimse"),
        ('[[source]]\nname = "a"\nkind = "dimse"', "source 1: key 'host' is missing"),
        (
            '[[source]]\nname = "a"\nkind = "dicomweb"\nroot = "https://x"\npassword = "p"',
            "source 1: unknown key 'password'",
        ),
        (
            '[[source]]\nname = "a"\nkind = "dicomweb"\nroot = "https://x"\n[[source.numbers]]\nwho = "p"',
            "numbers: unknown key 'who'",
        ),
        ('[[source]]\nname = "a"\nkind = "dicomweb"\nroot = 7', "source 1: 'root' must be text"),
        ('[[source]]\nname = 7\nkind = "dicomweb"\nroot = "https://x"', "source 1: 'name' must be text"),
        *(
            (f'[[source]]\nname = "a"\nkind = "dicomweb"\nroot = "https://x"\n{line}', said)
            for line, said in (
                ("deadline = nan", "'deadline' must be seconds, more than 0 and at most 3600"),
                ("deadline = inf", "'deadline' must be seconds, more than 0 and at most 3600"),
                ("deadline = -1", "'deadline' must be seconds, more than 0 and at most 3600"),
                ('deadline = "x"', "'deadline' must be seconds, more than 0 and at most 3600"),
                ('plain_http = "no"', "'plain_http' must be true or false"),
                ('key = "k.pem"', "'key' belongs to a certificate"),
            )
        ),
        *(
            (f'[[source]]\nname = "a"\nkind = "dimse"\nhost = "x"\ncalled_ae = "A"\n{line}', said)
            for line, said in (
                ('port = "x"', "'port' must be a whole number"),
                ("port = true", "'port' must be a whole number"),
                ('port = 104\ntls = "no"', "'tls' must be true or false"),
                ("port = 104\ncheck_hostname = true", "'check_hostname' belongs to tls"),
            )
        ),
    ],
)
def test_a_broken_file_of_archives_is_told(cli, tmp_path, text, said):
    file = tmp_path / "sources.toml"
    file.write_text(text, "utf-8")
    done = cli("imaging", "find", "--sources", file, "--patient-id", "1")
    assert (done.code, said in done.err) == (4, True), done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing is asked"),
        (("--patient-id", "1", "--since", "2026-01-01"), "$.date_from must be a day like 20260301"),
        (("--patient-id", "1", "--since", "20261301"), "$.date_from must be a day like 20260301"),
        (("--patient-id", "1", "--limit", "0"), "$.limit must be 1 or more"),
        (("--patient-id", "1"), "no archive was named"),
        (("--patient-id", "1", "--source", "pacs"), "'pacs' is no archive"),
        (("--patient-id", "1", "--source", "HTTPS://me:s3cret@pacs.example/"), "has no credentials"),
        (("--patient-id", "1", "--source", "ftp://me:s3cret@pacs.example/"), "what --source says is no archive"),
    ],
)
def test_a_wrong_call_is_told(cli, words, said):
    done = cli("imaging", "find", *words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert "s3cret" not in done.err


def test_a_secret_in_place_of_its_variable_is_not_repeated(cli, server, tmp_path):
    file = tmp_path / "sources.toml"
    text = f'[[source]]\nname = "a"\nkind = "dicomweb"\nroot = "{server.root}"\ntoken_env = "eyJhbGciOi.s3cret"\n'
    file.write_text(text, "utf-8")
    done = cli("imaging", "find", "--sources", file, "--patient-id", "1")
    assert (done.code, "token_env names no environment variable" in done.err, "s3cret" in done.err) == (2, True, False)


def test_studies_of_several_patients_are_told_apart_without_naming_them(cli, tmp_path):
    held = [dataset(study="A"), dataset(study="B", PatientID="T0002", StudyDate="20250101")]
    picture = tmp_path / "line.svg"
    with QidoServer(held) as server:
        ask = ("imaging", "find", "--source", server.root, "--name", "测试甲")
        done = cli(*ask, "--picture", picture)
        found = cli(*ask, "--json").json["studies"]
    assert "注意：检查来自 2 个患者编号（“患者”一栏），可能不是同一人。" in done.out
    assert "检查来自 2 个患者编号，可能不是同一人。" in picture.read_text("utf-8")
    assert [each["patient"] for each in found] == [1, 2]
    assert "T0001" not in done.out


def test_one_study_uid_with_two_patients_is_two_lines_of_two_patients(cli):
    with QidoServer([dataset()]) as one, QidoServer([dataset(PatientID="T0002")]) as two:
        found = cli("imaging", "find", "--source", one.root, "--source", two.root, "--name", "测试甲", "--json").json
    assert sorted(each["patient"] for each in found["studies"]) == [1, 2]


def test_the_picture_says_who_could_not_be_asked(cli, server, tmp_path):
    picture = tmp_path / "line.svg"
    gone = ("--source", "dimse://NOBODY@127.0.0.1:1", "--patient-id", "T0001", "--picture", picture)
    assert cli("imaging", "find", *gone).code == 3
    text = picture.read_text("utf-8")
    assert ("未查到检查，但查询不完整" in text, "没有检查" in text) == (True, False)
    assert "有 1 处影像归档未能完整查询（NOBODY@127.0.0.1:1），图中可能缺少检查。" in text
    assert cli("imaging", "find", "--source", server.root, *gone).code == 3
    assert "图中可能缺少检查" in picture.read_text("utf-8")


def test_the_table_fits_and_names_the_item_in_words(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    held = [
        dataset(study="A", InstitutionName="四川省示例市第一人民医院（演示）"),
        dataset(study="B", StudyDate="20250101", StudyDescription="头部CT", InstitutionName="示例县人民医院"),
    ]
    with QidoServer(held) as server:
        done = cli("imaging", "find", "--source", server.root, "--patient-id", "T0001")
    lines = done.out.splitlines()
    assert max(cell_len(line) for line in lines) <= 80, done.out
    [plain] = [line for line in lines if "2026-03-01" in line]
    assert "胸部CT平扫" in plain
    assert "cn-51-img-26" in done.out
    assert "…" in done.out  # more candidates than are shown
    assert "存于" not in done.out  # one archive alone


def test_what_is_asked_can_stay_off_the_command_line(cli, server, tmp_path):
    file = tmp_path / "query.json"
    file.write_text('{"patient_id": "T0001", "modalities": ["CT"]}', "utf-8")
    done = cli("imaging", "find", "--source", server.root, "--query", file)
    assert (done.code, "2026-03-01" in done.out) == (0, True)
    done = cli("imaging", "find", "--source", server.root, "--query", file, "--name", "x")
    assert "give no condition beside it" in done.err
    file.write_text('{"patient": "T0001"}', "utf-8")
    done = cli("imaging", "find", "--source", server.root, "--query", file)
    assert (done.code, "T0001" in done.err) == (2, False)
