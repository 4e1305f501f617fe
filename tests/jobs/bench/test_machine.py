import pytest

from sparseq.errors import InputError
from sparseq.jobs.bench.machine import check_native, cpu_name, machine


def test_the_native_kernel_is_measured_and_no_other(monkeypatch):
    monkeypatch.setenv("SPARSEQ_KERNEL", "native")
    check_native()
    monkeypatch.setenv("SPARSEQ_KERNEL", "reference")
    with pytest.raises(InputError, match=r"wanted the native kernel.*got the reference one; unset SPARSEQ_KERNEL"):
        check_native()


def test_the_machine_is_told_by_kernel_versions_processor_and_cores():
    facts = machine()
    assert set(facts) == {"kernel", "python", "numpy", "system", "cpu", "cores", "clock", "load_1_min"}
    assert facts["cores"] >= 1
    assert facts["cpu"]


def test_the_processor_is_named_by_the_system_where_it_does_and_by_python_elsewhere(tmp_path):
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nmodel name\t: Wonder 9000 @ 3 GHz\nmodel name\t: second\n")
    assert cpu_name(str(listed)) == "Wonder 9000 @ 3 GHz"
    listed.write_text("model name\t:\n")
    assert cpu_name(str(listed))
    assert cpu_name(str(tmp_path / "none"))
