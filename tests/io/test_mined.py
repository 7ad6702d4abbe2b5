"""What pubget and ACE extract."""

import numpy as np
import pytest

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import FormatError

PUBGET = {
    "metadata.csv": (
        "pmcid,pmid,doi,title,journal,publication_year,license\n"
        '9057060,35512345,10.1/a,"Pain, and more",Brain,2022,cc\n'
        "123,,,Second,,,\n"
        "9,1,,Third,NeuroImage,2020,\n"
    ),
    "coordinates.csv": (
        "pmcid,table_id,table_label,x,y,z\n"
        "123,T1,Table 1,10,20,30.5\n"
        "9057060,T1,Table 1,-10,-20,-30\n"
        "9057060,T2,Table 2,1,2,3\n"
        "9057060,T1,Table 1,4,5,6\n"
    ),
    "coordinate_space.csv": "pmcid,coordinate_space\n123,TAL\n9057060,MNI\n9,UNKNOWN\n",
    "authors.csv": "pmcid,surname,given-names\n123,Doe,Jane\n9,Ümit,\n123,Roe,R\n",
    "tables.csv": (
        "pmcid,table_id,table_label,table_caption,table_foot,n_header_rows,"
        "table_data_file\n"
        '9057060,T1,Table 1,"Peaks, all",note,1,t.csv\n'
    ),
    "text.csv": (
        "pmcid,title,keywords,abstract,body\n"
        '9057060,Pain,pain; heat,"An abstract\nof two lines",Body\n'
        "123,Second,,Other,\n"
    ),
    "links.csv": "pmcid,href\n",
}
ACE = {
    "metadata.csv": (
        "pmid,doi,authors,title,journal,publication_year,coordinate_space\n"
        "22,10.1/b,Doe J,One,Brain,2011,TAL\n"
    ),
    "coordinates.csv": (
        "pmid,table_id,table_label,x,y,z,p_value,region,size,statistic,groups\n"
        "22,8,1,1,2,3,0.01,insula,20,4.5,patients\n"
    ),
}


def written(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_pubget(tmp_path):
    database = read_database(written(tmp_path, PUBGET))
    assert database.study_ids.tolist() == ["9057060", "123", "9"]
    studies = database.studies
    assert studies["title"].tolist() == ["Pain, and more", "Second", "Third"]
    assert studies["authors"].tolist() == ["", "Doe Jane, Roe R", "Ümit"]
    assert studies["space"].tolist() == ["MNI", "TAL", "UNKNOWN"]
    assert studies["pmid"].tolist() == ["35512345", "", "1"]
    assert studies["year"].tolist()[0] == 2022
    assert np.asarray(database.peaks.study).tolist() == [1, 0, 0, 0]
    assert np.asarray(database.peaks.xyz)[0].tolist() == [10, 20, 30.5]
    assert database.peaks.is_talairach.tolist() == [True, False, False, False]
    assert np.asarray(database.peaks.analysis).tolist() == [0, 1, 2, 1]
    captions = database.table("peaks")["table_caption"].tolist()
    assert captions == ["", "Peaks, all", "", "Peaks, all"]
    texts = database.table("texts")
    assert texts["abstract"].tolist() == ["An abstract\nof two lines", "Other", ""]
    assert any("links.csv" in note for note in database.notes)


def test_ace(tmp_path):
    database = read_database(written(tmp_path, ACE))
    assert database.study_ids.tolist() == ["22"]
    assert database.studies["authors"].tolist() == ["Doe J"]
    assert database.peaks.is_talairach.tolist() == [True]
    assert database.table("peaks")["region"].tolist() == ["insula"]
    assert database.table("analyses")["table_id"].tolist() == ["8"]


def test_without_a_space(tmp_path):
    files = {k: v for k, v in PUBGET.items() if k != "coordinate_space.csv"}
    database = read_database(written(tmp_path, files))
    assert database.peaks.spaces == ("UNKNOWN",)
    assert any("no space" in note for note in database.notes)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metadata.csv", "id,title\n1,x\n", "neither a column 'pmcid' nor 'pmid'"),
        ("metadata.csv", "pmcid,title\n1,x\n1,y\n", "repeats the study '1'"),
        ("coordinates.csv", "pmcid,x,y\n123,1,2\n", "no column 'z'"),
        ("coordinates.csv", "pmcid,x,y,z\n5,1,2,3\n", "article '5'"),
        ("coordinates.csv", "pmcid,x,y,z\n123,1,2,three\n", "'three' in column 'z'"),
        ("coordinate_space.csv", "pmcid,space\n123,MNI\n", "'coordinate_space'"),
        ("authors.csv", "pmcid,surname\n77,Doe\n", "article '77'"),
        ("text.csv", "pmcid,abstract\n77,x\n", "article '77'"),
        ("tables.csv", "pmcid,caption\n123,x\n", "no column 'table_id'"),
    ],
)
def test_damage_is_named_with_its_place(tmp_path, name, text, message):
    with pytest.raises(FormatError, match=message):
        read_database(written(tmp_path, {**PUBGET, name: text}))


def test_features_are_refused(tmp_path):
    folder = written(tmp_path, PUBGET)
    with pytest.raises(FormatError, match="no labels"):
        read_database(folder, features=folder / "text.csv")


@pytest.mark.parametrize("year", ["inf", "-inf", "1e999", "nineteen"])
def test_years_that_are_none_stay_text(tmp_path, year):
    text = f"pmcid,title,publication_year\n123,x,{year}\n9057060,y,2010\n9,z,\n"
    database = read_database(written(tmp_path, {**PUBGET, "metadata.csv": text}))
    assert database.studies["year"].tolist()[0] == year
    assert "2010" in str(database.info())
