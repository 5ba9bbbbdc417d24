"""User data as tutorials write it, unchanged: what it starts must answer on the wire."""

import pytest

from tests.kernel.guest_lab import CLIENT, Lab

pytestmark = pytest.mark.kernel

PAGE = "Testing ENI"
TUTORIALS = {
    "yum": f"""#!/bin/bash
yum update -y
yum install -y httpd
systemctl enable --now httpd
echo "{PAGE}" > /var/www/html/index.html
""",
    "service": f"""#!/bin/bash
yum -y install httpd
service httpd start
chkconfig httpd on
cd /var/www/html
echo "{PAGE}" >> index.html
""",
    "dnf": f"""#!/bin/bash -xe
dnf -y update
dnf install -y httpd wget
sudo systemctl start httpd
sudo systemctl enable httpd
usermod -a -G apache ec2-user
chown -R ec2-user:apache /var/www
sudo sh -c 'echo "{PAGE}" > /var/www/html/index.html'
""",
    "apt": f"""#!/bin/sh
export DEBIAN_FRONTEND=noninteractive
apt-get update -y
apt-get install -y apache2
echo "{PAGE}" | sudo tee /var/www/html/index.html
systemctl restart apache2.service
""",
    "unit": f"""#!/bin/bash
mkdir /srv/site
echo "{PAGE}" > /srv/site/index.html
cat > /etc/systemd/system/site.service <<UNIT
[Unit]
Description=A site
After=network.target
[Service]
Type=forking
WorkingDirectory=/srv/site
Environment="PORT=80"
PIDFile=/tmp/site.pid
ExecStart=/usr/bin/perl /srv/fork.pl
[Install]
WantedBy=multi-user.target
UNIT
cat > /srv/fork.pl <<'PERL'
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => $ENV{{PORT}}, Listen => 5, ReuseAddr => 1) or die $!;
my $pid = fork();
if ($pid) {{ open(my $file, '>', '/tmp/site.pid'); print $file $pid; exit 0 }}
while (my $peer = $listener->accept) {{
    <$peer>;
    print $peer "HTTP/1.0 200 OK\\r\\n\\r\\n{PAGE}\\n";
    close $peer;
}}
PERL
systemctl daemon-reload
systemctl enable --now site
""",
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorials_user_data_serves_its_page(lab: Lab, name: str) -> None:
    printed = lab.boot(TUTORIALS[name])
    assert "exited with status" not in printed
    assert lab.get() == (200, PAGE + "\n")


def test_apaches_log_shows_the_clients_address_under_both_names(lab: Lab) -> None:
    lab.boot(TUTORIALS["yum"])
    lab.get("/index.html")
    for log in ("/var/log/apache2/access.log", "/var/log/httpd/access_log", "/etc/httpd/logs/access_log"):
        _, text = lab.sh(f"cat {log}")
        assert f"{CLIENT} - - [" in text
        assert '"GET /index.html HTTP/1.1" 200' in text


def test_an_empty_site_of_httpd_answers_403_as_on_amazon_linux(lab: Lab) -> None:
    lab.boot("#!/bin/sh\nyum install -y httpd\nsystemctl start httpd\n")
    assert lab.get()[0] == 403


def test_a_service_is_unknown_until_its_package_is_installed(lab: Lab) -> None:
    printed = lab.boot("#!/bin/sh\nsystemctl start httpd\n")
    assert "Failed to start httpd.service: Unit httpd.service not found." in printed
    assert "user data exited with status 5" in printed
    with pytest.raises(ConnectionRefusedError):
        lab.get()


@pytest.mark.parametrize(
    ("command", "says", "status"),
    [
        ("yum install -y httpd no-such-thing", "No match for argument: no-such-thing", 1),
        ("apt-get install -y no-such-thing", "E: Unable to locate package no-such-thing", 100),
        ("amazon-linux-extras install -y no-such-thing1.2", "No match for argument: no-such-thing", 1),
    ],
)
def test_a_package_that_the_image_lacks_fails_by_name(lab: Lab, command: str, says: str, status: int) -> None:
    printed = lab.boot(f"#!/bin/sh\n{command}\n")
    assert says in printed
    assert "install them there" in printed
    assert f"user data exited with status {status}" in printed


def test_packages_whose_command_is_there_count_as_installed(lab: Lab) -> None:
    assert "exited" not in lab.boot("#!/bin/sh -e\nyum install -y coreutils sed procps\napt install -y tar\n")


@pytest.mark.parametrize(
    ("user_data", "says"),
    [
        ("#cloud-config\npackages: [httpd]\n", "#cloud-config, which Atoll does not run"),
        ("Content-Type: multipart/mixed; boundary=x\n", "MIME multipart archive"),
        ("echo hi\n", "does not begin with #!"),
    ],
)
def test_user_data_that_is_not_run_is_said_so(lab: Lab, user_data: str, says: str) -> None:
    assert says in lab.boot(user_data)


def test_user_data_runs_as_root_in_slash_with_a_clean_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_TEST_SECRET", "s3cret")
    printed = lab.boot("#!/bin/bash\nid -un; pwd; hostname; env\n")
    assert printed.startswith("root\n/\nip-10-0-0-5.ec2.internal\n")
    assert "s3cret" not in printed
    assert "HOME=/root\n" in printed
