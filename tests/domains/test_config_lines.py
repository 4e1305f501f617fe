import pytest

from sparseq.domains.config_lines import read_lines, subject_of
from sparseq.domains.configs import BEGIN, END, ConfigDomain
from sparseq.errors import InputError

YAML = """\
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  containers:
    - name: web
      args:
      - --fast
      - web-1
      script: |
        echo "a: b"

        done
  replicas: 2
---
kind: Service
spec:
  replicas: 3
"""
HCL = """\
variable "web_count" {
  default = 2
}

resource "aws_instance" "web" {
  tags = {
    Name = "web"
  }
  ports = [
    80,
  ]
  user_data = <<-EOF
    name = {
  EOF
}
"""


def test_paths_of_yaml_hold_kind_and_every_key_above() -> None:
    assert [line.path for line in read_lines(YAML, "yaml")] == [
        "Deployment:kind",
        "Deployment:metadata",
        "Deployment:metadata.name",
        "Deployment:metadata.labels",
        "Deployment:spec",
        "Deployment:spec.containers",
        "Deployment:spec.containers.[].name",
        "Deployment:spec.containers.[].args",
        "Deployment:spec.containers.[].args.[]",
        "Deployment:spec.containers.[].args.[]",
        "Deployment:spec.containers.[].script",
        "Deployment:spec.containers.[].script.|",
        "Deployment:spec.containers.[].script.",
        "Deployment:spec.containers.[].script.|",
        "Deployment:spec.replicas",
        "---",
        "Service:kind",
        "Service:spec",
        "Service:spec.replicas",
    ]


def test_paths_of_hcl_hold_blocks_with_their_first_label() -> None:
    assert [line.path for line in read_lines(HCL, "hcl")] == [
        *("variable", "variable.default", "variable.}", ""),
        *("resource.aws_instance", "resource.aws_instance.tags", "resource.aws_instance.tags.Name"),
        *("resource.aws_instance.tags.}", "resource.aws_instance.ports", "resource.aws_instance.ports.[]"),
        *("resource.aws_instance.ports.}", "resource.aws_instance.user_data", "resource.aws_instance.|"),
        *("resource.aws_instance.|", "resource.aws_instance.}"),
    ]


@pytest.mark.parametrize(("text", "language"), [(YAML, "yaml"), (HCL, "hcl")])
def test_head_and_value_are_the_whole_line(text: str, language: str) -> None:
    rows = text.splitlines()
    assert all(line.head + line.value == rows[line.number] for line in read_lines(text, language))


def test_comments_are_left_out() -> None:
    assert [line.number for line in read_lines("# a\nb: 1\n  # c\n", "yaml")] == [1]


@pytest.mark.parametrize(
    ("text", "language", "subject"),
    [
        (YAML, "yaml", "web"),
        (HCL, "hcl", "web"),
        ("a: 1\n", "yaml", None),
        ('variable "size" {\n}\n', "hcl", "size"),
        ("locals {\n}\n", "hcl", None),
    ],
)
def test_the_subject_is_what_the_file_describes(text: str, language: str, subject: str | None) -> None:
    assert subject_of(text, language) == subject


def test_a_file_comes_back_and_takes_another_name() -> None:
    domain = ConfigDomain({"a.yaml": YAML.encode()})
    cells = domain.encode(YAML.encode())
    assert (cells[0, 0], cells[-1, 0]) == (BEGIN, END)
    assert domain.decode(cells, "web").decode() == YAML
    assert "- api-1\n" in domain.decode(cells, "api").decode()
    assert "web" not in domain.decode(cells, "api").decode()


@pytest.mark.parametrize("names", [("a.yaml", "b.tf"), ("a.json",)])
def test_files_of_other_languages_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="wanted files of one language"):
        ConfigDomain(dict.fromkeys(names, b"a: 1\n"))


def test_too_many_values_are_refused_with_limit_and_count() -> None:
    many = "".join(f"k: {n}\n" for n in range(5000)).encode()
    with pytest.raises(InputError, match="at most 4096 different values, got 5002"):
        ConfigDomain({"a.yaml": many})
