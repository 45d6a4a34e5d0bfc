from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from transformer_cli.cores import available_cores, has_linux
from transformer_cli.device import limit_threads

ALLOWED = len(os.sched_getaffinity(0)) if has_linux({}) else os.cpu_count() or 1


def cores(folder: Path, *, group: str = "0::/", **variables: str) -> int:
    """Return the number of cores where ``folder`` is the tree of control groups, and this process is in ``group``."""
    (folder / "own").write_text(f"{group}\n")
    return available_cores(environment=variables, cgroups=folder, own_cgroup=folder / "own")


def quota(folder: Path, text: str, *, name: str = "cpu.max") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{text}\n")


def test_without_limits_they_are_those_that_the_process_may_run_on(tmp_path):
    assert cores(tmp_path) == ALLOWED
    assert available_cores(environment={}, cgroups=tmp_path / "none", own_cgroup=tmp_path / "none") == ALLOWED


@pytest.mark.parametrize(("text", "number"), [("50000 100000", 1), ("100000 100000", 1), ("150000 100000", 2)])
def test_the_quota_of_a_container_counts_and_a_part_of_a_core_is_a_core(tmp_path, text, number):
    quota(tmp_path, text)

    assert cores(tmp_path) == min(number, ALLOWED)


@pytest.mark.parametrize("text", ["max 100000", "", "100000", "100000 0", "-1 100000"])
def test_what_is_no_quota_limits_nothing(tmp_path, text):
    quota(tmp_path, text)

    assert cores(tmp_path) == ALLOWED


def test_a_quota_of_many_cores_gives_no_more_than_there_are(tmp_path):
    quota(tmp_path, "640000000 100000")

    assert cores(tmp_path) == ALLOWED


@pytest.mark.parametrize("limited", ["", "a.slice", "a.slice/tfm.service"])
def test_the_quotas_of_the_process_s_own_group_and_of_all_above_it_count(tmp_path, limited):
    quota(tmp_path / "a.slice" / "tfm.service", "max 100000")
    quota(tmp_path / "b.slice", "max 100000")
    quota(tmp_path / limited, "100000 100000")

    assert cores(tmp_path, group="0::/a.slice/tfm.service") == 1
    assert cores(tmp_path, group="0::/b.slice") == (ALLOWED if limited else 1)


@pytest.mark.parametrize("group", ["0::/not/seen/from/here", "0::/../outside"])
def test_where_the_own_group_is_not_shown_the_container_s_counts(tmp_path, group):
    quota(tmp_path, "100000 100000")

    assert cores(tmp_path, group=group) == 1


@pytest.mark.parametrize("group", ["3:cpu,cpuacct:/", "2:memory:/\n1:cpu:/docker/0123"])
def test_the_first_version_of_control_groups_has_a_quota_in_two_files(tmp_path, group):
    quota(tmp_path / "cpu", "100000", name="cpu.cfs_period_us")
    quota(tmp_path / "cpu", "-1", name="cpu.cfs_quota_us")
    unlimited = cores(tmp_path, group=group)
    quota(tmp_path / "cpu", "50000", name="cpu.cfs_quota_us")

    assert (unlimited, cores(tmp_path, group=group)) == (ALLOWED, 1)


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("1,4", 1), (" 1 ", 1), ("1000000", ALLOWED)])
def test_the_user_s_number_of_threads_counts_where_there_are_so_many_cores(tmp_path, value, number):
    assert cores(tmp_path, OMP_NUM_THREADS=value) == number


@pytest.mark.parametrize("value", ["", "0", "-1", "many"])
def test_what_is_no_number_of_threads_limits_nothing(tmp_path, value):
    assert cores(tmp_path, OMP_NUM_THREADS=value) == ALLOWED


def test_the_user_s_number_of_threads_counts_instead_of_a_quota(tmp_path):
    quota(tmp_path, "100000 100000")

    assert cores(tmp_path, OMP_NUM_THREADS=str(ALLOWED)) == ALLOWED


def test_where_linux_is_not_to_be_used_neither_affinity_nor_quota_counts(tmp_path):
    quota(tmp_path, "100000 100000")

    assert cores(tmp_path, TFM_PLAIN="1") == os.cpu_count()
    assert cores(tmp_path, TFM_PLAIN="1", OMP_NUM_THREADS="1") == 1
    assert cores(tmp_path, TFM_PLAIN="0") == 1


def test_pytorch_gets_no_more_threads_than_cores_and_keeps_fewer():
    before = torch.get_num_threads()
    try:
        threads = []
        for number, available in ((3, 2), (2, 3)):
            torch.set_num_threads(number)
            limit_threads(available)
            threads.append(torch.get_num_threads())
    finally:
        torch.set_num_threads(before)

    assert threads == [2, 2]
