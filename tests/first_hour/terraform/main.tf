# What a user of Terraform may build in the first hour; run.py applies it, changes `word`, and destroys it. What is
# ignored would differ on AWS as well: a tag and a group that other resources give, the ACL's subnets, and what
# an instance has from its launch template (terraform-provider-aws issue 30825).
variable "word" { default = "one" }
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {}
data "aws_availability_zones" "z" { state = "available" }
data "aws_caller_identity" "me" {}
data "aws_region" "r" {}
data "aws_partition" "p" {}
resource "aws_vpc" "main" {
  cidr_block                           = "10.0.0.0/16"
  enable_dns_hostnames                 = true
  enable_network_address_usage_metrics = true
  tags                                 = { Name = "main" }
  lifecycle { ignore_changes = [tags["k"]] }
}
resource "aws_vpc_ipv4_cidr_block_association" "two" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "100.64.0.0/16"
}
resource "aws_subnet" "pub" {
  count                                       = 2
  vpc_id                                      = aws_vpc.main.id
  cidr_block                                  = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone                           = data.aws_availability_zones.z.names[count.index]
  map_public_ip_on_launch                     = true
  private_dns_hostname_type_on_launch         = "resource-name"
  enable_resource_name_dns_a_record_on_launch = true
}
resource "aws_subnet" "priv" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, 10 + count.index)
  availability_zone = data.aws_availability_zones.z.names[count.index]
}
resource "aws_ec2_subnet_cidr_reservation" "r" {
  subnet_id        = aws_subnet.priv[0].id
  cidr_block       = "10.0.10.64/28"
  reservation_type = "prefix"
}
resource "aws_internet_gateway" "igw" { vpc_id = aws_vpc.main.id }
resource "aws_route_table" "pub" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.igw.id
  }
  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.igw.id
  }
}
resource "aws_route_table_association" "pub" {
  count          = 2
  subnet_id      = aws_subnet.pub[count.index].id
  route_table_id = aws_route_table.pub.id
}
resource "aws_eip" "nat" {
  count      = 2
  domain     = "vpc"
  depends_on = [aws_internet_gateway.igw]
}
resource "aws_nat_gateway" "nat" {
  count         = 2
  subnet_id     = aws_subnet.pub[count.index].id
  allocation_id = aws_eip.nat[count.index].id
}
resource "aws_route_table" "priv" {
  count  = 2
  vpc_id = aws_vpc.main.id
}
resource "aws_route" "priv" {
  count                  = 2
  route_table_id         = aws_route_table.priv[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.nat[count.index].id
}
resource "aws_route_table_association" "priv" {
  count          = 2
  subnet_id      = aws_subnet.priv[count.index].id
  route_table_id = aws_route_table.priv[count.index].id
}
resource "aws_main_route_table_association" "m" {
  vpc_id         = aws_vpc.main.id
  route_table_id = aws_route_table.priv[0].id
}
resource "aws_default_security_group" "d" { vpc_id = aws_vpc.main.id }
resource "aws_default_network_acl" "d" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id
  ingress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  ingress {
    protocol        = -1
    rule_no         = 101
    action          = "allow"
    ipv6_cidr_block = "::/0"
    from_port       = 0
    to_port         = 0
  }
  egress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  lifecycle { ignore_changes = [subnet_ids] }
}
resource "aws_default_route_table" "d" {
  default_route_table_id = aws_vpc.two.default_route_table_id
  tags                   = { Name = "default" }
}
resource "aws_vpc" "two" {
  cidr_block       = "10.1.0.0/16"
  instance_tenancy = "dedicated"
}
resource "aws_network_acl" "a" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = aws_subnet.priv[*].id
  ingress {
    protocol   = "tcp"
    rule_no    = 100
    action     = "allow"
    cidr_block = "10.0.0.0/16"
    from_port  = 0
    to_port    = 65535
  }
  ingress {
    protocol   = "icmp"
    rule_no    = 110
    action     = "allow"
    cidr_block = "10.0.0.0/16"
    icmp_type  = -1
    icmp_code  = -1
    from_port  = 0
    to_port    = 0
  }
  ingress {
    protocol   = 47
    rule_no    = 120
    action     = "allow"
    cidr_block = "10.0.0.0/16"
    from_port  = 0
    to_port    = 0
  }
}
resource "aws_network_acl_rule" "out" {
  network_acl_id = aws_network_acl.a.id
  rule_number    = 200
  egress         = true
  protocol       = "-1"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
}
resource "aws_ec2_managed_prefix_list" "pl" {
  name           = "office"
  address_family = "IPv4"
  max_entries    = 5
  entry {
    cidr        = "203.0.113.0/24"
    description = "x"
  }
}
resource "aws_ec2_managed_prefix_list_entry" "e" {
  prefix_list_id = aws_ec2_managed_prefix_list.pl2.id
  cidr           = "198.51.100.0/24"
}
resource "aws_ec2_managed_prefix_list" "pl2" {
  name           = "office2"
  address_family = "IPv4"
  max_entries    = 5
}
resource "aws_security_group" "web" {
  name_prefix = "web"
  vpc_id      = aws_vpc.main.id
  ingress {
    from_port        = 80
    to_port          = 80
    protocol         = "tcp"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
  ingress {
    from_port       = 22
    to_port         = 22
    protocol        = "tcp"
    prefix_list_ids = [aws_ec2_managed_prefix_list.pl.id]
  }
  ingress {
    from_port   = 0
    to_port     = 0
    protocol    = "50"
    cidr_blocks = ["10.0.0.0/8"]
  }
  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "web" }
}
resource "aws_security_group" "db" {
  name        = "db"
  description = "db"
  vpc_id      = aws_vpc.main.id
}
resource "aws_vpc_security_group_ingress_rule" "db" {
  security_group_id            = aws_security_group.db.id
  referenced_security_group_id = aws_security_group.web.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  tags                         = { Name = "db" }
}
resource "aws_vpc_security_group_egress_rule" "db" {
  security_group_id = aws_security_group.db.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
resource "aws_security_group_rule" "old" {
  security_group_id = aws_security_group.db.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["10.0.0.0/16"]
}
resource "aws_vpc_security_group_vpc_association" "x" {
  security_group_id = aws_security_group.db.id
  vpc_id            = aws_vpc.two.id
}
data "aws_ami" "al" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["al2023-ami-2023*-x86_64"]
  }
}
data "aws_ssm_parameter" "al2" { name = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2" }
data "aws_iam_policy_document" "t" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "r" {
  name                 = "r"
  assume_role_policy   = data.aws_iam_policy_document.t.json
  tags                 = { a = var.word }
  description          = var.word
  permissions_boundary = var.word == "one" ? null : "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.r.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
resource "aws_iam_policy" "m" {
  name   = "m"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*", Sid = var.word }] })
}
resource "aws_iam_role_policy_attachment" "m" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.m.arn
}
resource "aws_iam_role_policy_attachment" "s" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}
resource "aws_iam_instance_profile" "p" {
  name = "p"
  role = aws_iam_role.r.name
}
resource "aws_key_pair" "k" {
  key_name   = "k"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me"
}
resource "aws_placement_group" "pg" {
  name     = "pg"
  strategy = "cluster"
}
resource "aws_instance" "web" {
  ami                    = data.aws_ami.al.id
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.pub[0].id
  vpc_security_group_ids = [aws_security_group.web.id]
  iam_instance_profile   = aws_iam_instance_profile.p.name
  key_name               = aws_key_pair.k.key_name
  user_data              = "#!/bin/sh\necho ${var.word}"
  monitoring             = var.word == "one"
  disable_api_stop       = false
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
  }
  root_block_device {
    volume_size = var.word == "one" ? 20 : 30
    volume_type = "gp3"
    encrypted   = true
    tags        = { Name = "root" }
  }
  credit_specification { cpu_credits = "unlimited" }
  maintenance_options { auto_recovery = "disabled" }
  private_dns_name_options {
    hostname_type                     = "ip-name"
    enable_resource_name_dns_a_record = true
  }
  tags        = { Name = var.word }
  volume_tags = null
  lifecycle { ignore_changes = [vpc_security_group_ids] }
}
resource "aws_instance" "db" {
  ami                    = data.aws_ssm_parameter.al2.value
  instance_type          = "m5.large"
  private_ip             = "10.0.11.9"
  secondary_private_ips  = ["10.0.11.10"]
  subnet_id              = aws_subnet.priv[1].id
  vpc_security_group_ids = [aws_security_group.db.id]
  source_dest_check      = var.word != "one"
  placement_group        = aws_placement_group.pg.id
  tenancy                = "dedicated"
}
resource "aws_network_interface" "eni" {
  subnet_id       = aws_subnet.pub[0].id
  private_ips     = ["10.0.0.50", "10.0.0.51"]
  security_groups = [aws_security_group.web.id]
  description     = var.word
}
resource "aws_network_interface" "eni2" {
  subnet_id         = aws_subnet.pub[0].id
  ipv4_prefix_count = 1
}
resource "aws_network_interface_sg_attachment" "a" {
  security_group_id    = aws_security_group.db.id
  network_interface_id = aws_instance.web.primary_network_interface_id
}
resource "aws_eip" "web" {
  network_interface         = aws_network_interface.eni.id
  associate_with_private_ip = "10.0.0.51"
  depends_on                = [aws_internet_gateway.igw]
}
resource "aws_vpc_dhcp_options" "d" {
  domain_name         = "example.internal"
  domain_name_servers = ["AmazonProvidedDNS"]
}
resource "aws_vpc_dhcp_options_association" "d" {
  vpc_id          = aws_vpc.main.id
  dhcp_options_id = aws_vpc_dhcp_options.d.id
}
resource "aws_launch_template" "lt" {
  name                   = "templ"
  image_id               = data.aws_ami.al.id
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]
  update_default_version = true
  user_data              = base64encode(var.word)
  iam_instance_profile { name = aws_iam_instance_profile.p.name }
  tag_specifications {
    resource_type = "instance"
    tags          = { a = "b" }
  }
}
resource "aws_instance" "lt" {
  subnet_id = aws_subnet.priv[0].id
  launch_template {
    id      = aws_launch_template.lt.id
    version = aws_launch_template.lt.latest_version
  }
  lifecycle { ignore_changes = [tags, user_data] }
}
resource "aws_ssm_parameter" "p" {
  name  = "/a/b"
  type  = "String"
  value = var.word
}
resource "aws_ec2_tag" "t" {
  resource_id = aws_vpc.main.id
  key         = "k"
  value       = var.word
}
resource "aws_ec2_instance_state" "s" {
  instance_id = aws_instance.db.id
  state       = "stopped"
}
resource "aws_ebs_encryption_by_default" "e" { enabled = true }
resource "aws_ec2_instance_metadata_defaults" "m" { http_tokens = "required" }
resource "aws_ec2_image_block_public_access" "b" { state = "block-new-sharing" }
resource "aws_ec2_network_insights_path" "p" {
  source           = aws_instance.web.id
  destination      = aws_network_interface.eni.arn
  protocol         = "tcp"
  destination_port = 443
  tags             = { Name = var.word }
}
resource "aws_ec2_network_insights_analysis" "p" {
  network_insights_path_id = aws_ec2_network_insights_path.p.id
  tags                     = { Name = var.word }
}
data "aws_ec2_network_insights_path" "p" {
  network_insights_path_id = aws_ec2_network_insights_path.p.id
}
data "aws_ec2_network_insights_analysis" "p" {
  network_insights_analysis_id = aws_ec2_network_insights_analysis.p.id
}
data "aws_vpc" "d" { default = true }
data "aws_subnets" "d" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.d.id]
  }
}
data "aws_subnet" "d" {
  for_each = toset(data.aws_subnets.d.ids)
  id       = each.value
}
data "aws_security_group" "d" {
  vpc_id = data.aws_vpc.d.id
  name   = "default"
}
data "aws_route_table" "d" {
  vpc_id = data.aws_vpc.d.id
  filter {
    name   = "association.main"
    values = ["true"]
  }
}
data "aws_internet_gateway" "d" {
  filter {
    name   = "attachment.vpc-id"
    values = [data.aws_vpc.d.id]
  }
}
data "aws_network_acls" "d" { vpc_id = data.aws_vpc.d.id }
data "aws_ec2_instance_type" "t" { instance_type = "t3.micro" }
data "aws_ec2_instance_type_offerings" "o" { location_type = "availability-zone" }
data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }
data "aws_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }
data "aws_nat_gateways" "n" { vpc_id = aws_vpc.main.id }
data "aws_ebs_volumes" "v" {}
data "aws_instances" "i" { instance_state_names = ["running"] }
data "aws_eips" "e" {}
