"""PostgreSQL in guests: user data as tutorials write it, unchanged, and a web page with rows from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.guest_lab import ADDRESS, Lab, laboratory

pytestmark = pytest.mark.kernel

ROWS = "1|Ada|100.00\n2|Grace|250.00\n"
TABLE = (
    "CREATE TABLE accounts (id serial PRIMARY KEY, holder text, balance numeric(12,2)); "
    "INSERT INTO accounts (holder, balance) VALUES ('Ada', 100), ('Grace', 250);"
)
TUTORIALS = {
    "Amazon Linux 2023": f"""#!/bin/bash -xe
dnf update -y
dnf install -y postgresql15.x86_64 postgresql15-server
postgresql-setup --initdb
cp /var/lib/pgsql/data/postgresql.conf{{,.bck}}
sed -i "s/#listen_addresses = 'localhost'/listen_addresses = '*'/" /var/lib/pgsql/data/postgresql.conf
echo "host all all 10.0.0.0/16 scram-sha-256" >> /var/lib/pgsql/data/pg_hba.conf
systemctl enable --now postgresql
systemctl status postgresql
cat > /tmp/bank.sql <<'SQL'
CREATE USER bank WITH PASSWORD 'secret';
CREATE DATABASE bank OWNER bank;
SQL
sudo -u postgres psql -v ON_ERROR_STOP=1 -f /tmp/bank.sql
su - postgres -c "psql -v ON_ERROR_STOP=1 -d bank -c \\"SET ROLE bank; {TABLE}\\""
""",
    "Amazon Linux 2": f"""#!/bin/bash -xe
amazon-linux-extras enable postgresql14
yum clean metadata
yum install -y postgresql postgresql-server
/usr/bin/postgresql-setup initdb
sed -i "s/^#listen_addresses.*/listen_addresses = '*'/" /var/lib/pgsql/data/postgresql.conf
sed -i 's/ident$/md5/' /var/lib/pgsql/data/pg_hba.conf
echo "host all all 0.0.0.0/0 md5" >> /var/lib/pgsql/data/pg_hba.conf
service postgresql start
chkconfig postgresql on
sudo -i -u postgres createuser bank
sudo -iu postgres createdb -O bank bank
sudo su - postgres -c "psql -c \\"ALTER USER bank WITH PASSWORD 'secret'\\""
PGPASSWORD=secret psql -h localhost -U bank bank -v ON_ERROR_STOP=1 <<SQL
{TABLE}
SQL
""",
    "Ubuntu": f"""#!/bin/bash -xe
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y postgresql postgresql-contrib
systemctl is-active postgresql
conf=$(ls -d /etc/postgresql/*/main)
sed -i "s/#listen_addresses = 'localhost'/listen_addresses = '*'/" $conf/postgresql.conf
echo "host bank bank 10.0.0.0/16 scram-sha-256" | sudo tee -a $conf/pg_hba.conf
systemctl restart postgresql
pg_lsclusters
sudo -u postgres psql -v ON_ERROR_STOP=1 <<SQL
CREATE USER bank WITH PASSWORD 'secret';
CREATE DATABASE bank OWNER bank;
SQL
sudo -u postgres psql -v ON_ERROR_STOP=1 -d bank -c "SET ROLE bank; {TABLE}"
""",
}
ASK = f"PGPASSWORD=secret psql -h {ADDRESS} -U bank -d bank -At -c 'SELECT * FROM accounts ORDER BY id'"

PIDS = "/run/postgresql/*.pid /var/lib/pgsql/data/postmaster.pid"


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory, guest_cache: Path) -> Iterator[Lab]:
    """A guest without user data, shared by tests that only ask it something."""
    with laboratory(tmp_path_factory.mktemp("idle"), guest_cache) as made:
        made.boot()
        yield made


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorials_server_answers_over_the_network_with_a_password(lab: Lab, name: str) -> None:
    printed = lab.boot(TUTORIALS[name])
    assert "exited with status" not in printed, printed
    assert lab.sh(ASK) == (0, ROWS)
    status, said = lab.sh(ASK.replace("secret", "wrong"))
    assert status == 2
    assert "password authentication failed" in said
    assert lab.sh(f"ps -o user= -p $(cat {PIDS} 2>/dev/null | head -n 1)") == (0, "postgres\n")


def test_a_page_shows_rows_and_does_so_again_after_a_stop_and_a_start(lab: Lab) -> None:
    """The web server and its database in one instance: a CGI script that calls psql."""
    page = """
dnf install -y httpd python3-psycopg2
cat > /var/www/cgi-bin/accounts <<'SH'
#!/bin/bash
echo "Content-Type: text/plain"
echo
PGPASSWORD=secret psql -h localhost -U bank -d bank -At -c 'SELECT * FROM accounts ORDER BY id'
SH
chmod +x /var/www/cgi-bin/accounts
sed -i 's/ident$/scram-sha-256/' /var/lib/pgsql/data/pg_hba.conf
systemctl reload postgresql
systemctl enable --now httpd
"""
    lab.boot(TUTORIALS["Amazon Linux 2023"] + page)
    assert lab.get("/cgi-bin/accounts") == (200, ROWS)
    lab.guests.stop("i-1", grace=10)
    lab.boot(number=2)
    assert lab.get("/cgi-bin/accounts") == (200, ROWS)
    log = lab.sh("cat /var/lib/pgsql/data/log/*.log")[1]
    assert "database system is shut down" in log, "the stop let it end in its own way"
    assert "not properly shut down" not in log
    asked = 'import psycopg2; print(psycopg2.connect("host=localhost dbname=bank user=bank password=secret").status)'
    assert lab.sh(f"python3 -c '{asked}'") == (0, "1\n")


def test_what_the_image_has_instead_is_said_and_what_it_lacks_fails_by_name(lab: Lab) -> None:
    printed = lab.boot("#!/bin/sh\nyum install -y postgresql99-server\nyum install -y postgresql15-server php-pgsql\n")
    version = lab.sh("postgres --version")[1].split()[2].split(".")[0]
    assert f"Atoll's image holds PostgreSQL {version}: that is what postgresql99-server is here." in printed
    assert "Error: Unable to find a match: php-pgsql" in printed
    assert "user data exited with status 1" in printed
    status, said = lab.sh("systemctl start postgresql")
    assert (status, "is not a database cluster directory" in said) == (1, True), said


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("sudo -u postgres sh -c 'id -un; echo $HOME $USER'", "postgres\n/var/lib/postgresql postgres\n"),
        ("sudo -iu postgres pwd", "/var/lib/postgresql\n"),
        ("cd /tmp && sudo -Hu postgres pwd", "/tmp\n"),
        ('sudo -i -u postgres printf \'%s|\' "a b" "it\'s"', "a b|it's|"),
        ("sudo -u postgres -i <<END\nid -un\nEND", "postgres\n"),
        ("sudo A=1 sh -c 'echo $A'", "1\n"),
        ("sudo -E -n id -un", "root\n"),
        ("sudo su - postgres -c 'id -un'", "postgres\n"),
        ("runuser -u postgres -- id -un", "postgres\n"),
    ],
)
def test_commands_as_another_user(idle: Lab, command: str, says: str) -> None:
    assert idle.sh(f"mkdir -p /var/lib/postgresql; {command}") == (0, says)


@pytest.mark.parametrize("words", ["-z true", "-u nobody-at-all true", "--chdir=/ true", ""])
def test_words_that_sudo_does_not_know_fail(idle: Lab, words: str) -> None:
    assert idle.sh(f"sudo {words}")[0] == 1
