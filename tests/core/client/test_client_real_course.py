"""A real course, as its authors keep it: Jekyll pages, images, data files, a PDF and a film with captions."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from lms_core.client.folder import Course, read_folder
from lms_core.client.links import find_links

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "imtek-molecular-dynamics"


@pytest.fixture(scope="module")
def course() -> Course:
    if not FOLDER.is_dir():
        pytest.skip(f"the sample course is not in {FOLDER}")
    return read_folder(FOLDER)


def test_units_come_in_the_order_of_the_authors(course: Course):
    assert [(unit.key, unit.parent, unit.title) for unit in course.units] == [
        ("index", None, "Home"),
        ("lecture-index", None, "Lecture"),
        ("lecture-chapter00", "lecture-index", "General remarks"),
        ("lecture-chapter01", "lecture-index", "Chapter 01"),
        ("lecture-chapter02", "lecture-index", "Chapter 02"),
        ("lecture-chapter03", "lecture-index", "Chapter 03"),
        ("lecture-chapter04", "lecture-index", "Chapter 04"),
        ("lecture-chapter05", "lecture-index", "Chapter 05"),
        ("lecture-chapter06", "lecture-index", "Chapter 06"),
        ("lecture-chapter07", "lecture-index", "Chapter 07"),
        ("lecture-chapter08", "lecture-index", "Chapter 08"),
        ("lecture-chaptera1", "lecture-index", "Appendix A1"),
        ("lecture-chaptera2", "lecture-index", "Appendix A2"),
        ("project-index", None, "Project"),
        ("project-general_remarks", "project-index", "General remarks"),
        ("project-your_final_report", "project-index", "Your final report"),
        ("project-milestone01", "project-index", "Milestone 01"),
        ("project-milestone02", "project-index", "Milestone 02"),
        ("project-milestone03", "project-index", "Milestone 03"),
        ("project-milestone04", "project-index", "Milestone 04"),
        ("project-milestone05", "project-index", "Milestone 05"),
        ("project-milestone06", "project-index", "Milestone 06"),
        ("project-milestone07", "project-index", "Milestone 07"),
        ("project-milestone08", "project-index", "Milestone 08"),
        ("project-milestone09", "project-index", "Milestone 09"),
        ("notes-index", None, "Notes"),
        ("notes-meson", "notes-index", "Meson"),
        ("notes-code_organisation", "notes-index", "Organizing Code in C++"),
        ("notes-benchmarking", "notes-index", "Benchmarking"),
        ("notes-debugging", "notes-index", "Debugging"),
        ("notes-eigen", "notes-index", "Eigen"),
        ("notes-scaling", "notes-index", "Parallel Scaling"),
        ("notes-references_and_pointers", "notes-index", "C++ References and Pointers"),
        ("notes-running_mpi_programs", "notes-index", "Running MPI programs"),
        ("notes-bwunicluster", "notes-index", "bwUniCluster"),
        ("notes-ev_a_units", "notes-index", "eV/Å units"),
        ("notes-figures", "notes-index", "Figures"),
        ("attribution", None, "A real course"),
        ("license.txt", None, "LICENSE.txt"),
        ("video-crystal.mp4", None, "crystal.mp4"),
    ]


def test_every_file_becomes_something_exactly_once(course: Course):
    files = [place.relative_to(FOLDER).as_posix() for place in FOLDER.rglob("*") if place.is_file()]

    assert Counter(outcome.path for outcome in course.outcomes) == Counter(files)
    assert course.left_out == []
    assert Counter(outcome.became for outcome in course.outcomes) == Counter(
        {"reading": 38, "file": 1, "video": 1, "inline": 17, "attachment": 5, "caption": 1}
    )


def test_files_are_parts_of_the_units_that_use_them(course: Course):
    assert {key: [(use.path, use.role) for use in uses] for key, uses in course.uses.items() if uses} == {
        "lecture-index": [("lecture/MolecularDynamics.pdf", "attachment")],
        "lecture-chapter02": [
            ("lecture/figures/etot_vs_time_as_function_of_timestep_Grochola_Au_NVE_ensemble_01.png", "inline"),
            ("lecture/figures/etot_vs_time_as_function_of_timestep_Grochola_Au_NVE_ensemble_02.png", "inline"),
        ],
        "lecture-chapter03": [("lecture/figures/neighbor_list_search.png", "inline")],
        "lecture-chapter05": [
            ("lecture/figures/image6.png", "inline"),
            ("lecture/figures/image7.png", "inline"),
            ("lecture/figures/image8.png", "inline"),
        ],
        "lecture-chaptera2": [("lecture/figures/image47.png", "inline")],
        "project-milestone04": [("project/lj54.xyz", "attachment")],
        "project-milestone07": [
            ("project/cluster_3871.png", "inline"),
            ("project/cluster_923.xyz", "attachment"),
            ("project/cluster_3871.xyz", "attachment"),
        ],
        "project-milestone09": [("project/whisker.png", "inline"), ("project/whisker_small.xyz", "attachment")],
        "notes-meson": [("notes/milestone_targets.png", "inline"), ("notes/meson_settings.png", "inline")],
        "notes-benchmarking": [("notes/benchmarks/first_scaling.png", "inline")],
        "notes-scaling": [
            ("notes/scaling/laptop_scaling.png", "inline"),
            ("notes/scaling/nemo_scaling.png", "inline"),
            ("notes/scaling/nemo_scaling_weak.png", "inline"),
            ("notes/scaling/nemo_topology.png", "inline"),
        ],
        "notes-figures": [("notes/rules_for_figures.png", "inline")],
        "license.txt": [("LICENSE.txt", "content")],
        "video-crystal.mp4": [("video/crystal.mp4", "content"), ("video/crystal.en.vtt", "caption")],
    }
    [caption] = [use for use in course.uses["video-crystal.mp4"] if use.role == "caption"]
    assert caption.language == "en"


def test_every_link_leads_somewhere_or_is_listed(course: Course):
    units = {unit.key for unit in course.units}
    local = []
    for unit in course.units:
        own = {use.key for use in course.uses[unit.key]}
        for link in find_links(unit.body):
            scheme, _, key = link.target.partition("#")[0].partition(":")
            if scheme in {"lms-unit", "lms-file"}:
                assert key in (units if scheme == "lms-unit" else own), (unit.key, link)
            elif not re.match(r"https?:|#", link.target):
                local.append(link.target)

    assert sorted(local) == sorted(link.target for link in course.broken_links)
    assert {outcome.path: outcome.note for outcome in course.outcomes if outcome.note} == {
        "project/general_remarks.md": "line 37: your_final_report is taken for project/your_final_report.md",
        "project/milestone04.md": "line 28: ../_notes/Meson is taken for notes/Meson.md",
        "project/milestone07.md": "line 47: ../_notes/eV_A_units is taken for notes/eV_A_units.md",
        "project/milestone09.md": "line 14: ../_notes/bwUnicluster.md is taken for notes/bwUniCluster.md",
    }


def test_broken_links_are_all_told(course: Course):
    assert [(link.page, link.line, link.target) for link in course.broken_links] == [
        ("lecture/chapterA1.md", 19, "chA12.html#fn1x1"),
        ("notes/benchmarking.md", 14, "benchmarks/meson.build"),
        ("notes/benchmarking.md", 15, "benchmarks/gemv_benchmarks.cpp"),
        ("notes/benchmarking.md", 16, "benchmarks/plot_benchmark.py"),
        ("notes/benchmarking.md", 148, "fixed/gemv_benchmarks.cpp"),
        ("notes/debugging.md", 26, "debug/meson.build"),
        ("notes/debugging.md", 27, "debug/nullpointer.cpp"),
        ("notes/debugging.md", 28, "debug/localaddress.cpp"),
        ("notes/debugging.md", 29, "debug/outofbounds.cpp"),
        ("notes/debugging.md", 30, "debug/signedintegers.cpp"),
        ("notes/debugging.md", 181, "debug/fixed/meson.build"),
        ("notes/debugging.md", 182, "debug/fixed/nullpointer.cpp"),
        ("notes/debugging.md", 183, "debug/fixed/localaddress.cpp"),
        ("notes/debugging.md", 184, "debug/fixed/outofbounds.cpp"),
        ("notes/debugging.md", 185, "debug/fixed/signedintegers.cpp"),
        ("notes/eigen.md", 12, "eigen/meson.build"),
        ("notes/eigen.md", 13, "eigen/wave.cpp"),
        ("notes/eigen.md", 14, "eigen/kinetic_energy.cpp"),
        ("notes/eigen.md", 15, "eigen/animate.py"),
        ("notes/eigen.md", 16, "eigen/plot.py"),
        ("notes/eigen.md", 85, "eigen/wave.cpp"),
        ("notes/Meson.md", 14, "code_organization.md"),
        ("notes/scaling.md", 12, "scaling/meson.build"),
        ("notes/scaling.md", 13, "scaling/wave_mpi.cpp"),
        ("project/milestone01.md", 66, "github.com"),
        ("project/milestone04.md", 98, "test_lj_direct_summation.cpp"),
        ("project/milestone04.md", 106, "xyz.h"),
        ("project/milestone04.md", 106, "xyz.cpp"),
        ("project/milestone04.md", 166, "test_lj_direct_summation.cpp"),
        ("project/milestone04.md", 167, "xyz.h"),
        ("project/milestone04.md", 168, "xyz.cpp"),
        ("project/milestone06.md", 29, "neighbors.h"),
        ("project/milestone06.md", 29, "neighbors.cpp"),
        ("project/milestone06.md", 30, "test_neighbors.cpp"),
        ("project/milestone06.md", 82, "neighbors.h"),
        ("project/milestone06.md", 83, "neighbors.cpp"),
        ("project/milestone06.md", 84, "test_neighbors.cpp"),
        ("project/milestone07.md", 24, "ducastelle.h"),
        ("project/milestone07.md", 24, "ducastelle.cpp"),
        ("project/milestone07.md", 24, "test_ducastelle.cpp"),
        ("project/milestone07.md", 40, "mackay.zip"),
        ("project/milestone07.md", 71, "./gold_cluster_melt.mp4"),
        ("project/milestone07.md", 99, "ducastelle.h"),
        ("project/milestone07.md", 100, "ducastelle.cpp"),
        ("project/milestone07.md", 101, "test_ducastelle.cpp"),
        ("project/milestone08.md", 55, "mpi_support.h"),
        ("project/milestone08.md", 57, "mpi_support.h"),
        ("project/milestone08.md", 72, "mpi_support.h"),
        ("project/milestone08.md", 72, "mpi_support.h"),
        ("project/milestone08.md", 76, "domain.h"),
        ("project/milestone08.md", 76, "domain.cpp"),
        ("project/milestone08.md", 138, "mpi_support.h"),
        ("project/milestone08.md", 139, "domain.h"),
        ("project/milestone08.md", 140, "domain.cpp"),
        ("project/milestone09.md", 20, "whisker_large.xyz"),
        ("project/milestone09.md", 20, "make_whisker.py"),
        ("project/milestone09.md", 49, "whisker_large.xyz"),
        ("project/milestone09.md", 50, "make_whisker.py"),
    ]
    assert {link.target: link.reason for link in course.broken_links if link.reason != "not in the folder"} == {
        "code_organization.md": "not in the folder; is notes/code_organisation.md meant?"
    }
