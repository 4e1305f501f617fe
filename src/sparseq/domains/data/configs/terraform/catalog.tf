variable "catalog_count" {
  type        = number
  description = "How many instances to run"
  default     = 2
}

resource "aws_instance" "catalog" {
  count         = var.catalog_count
  ami           = data.aws_ami.base.id
  instance_type = "t3.small"
  subnet_id     = var.subnet_id

  root_block_device {
    volume_size = 20
    volume_type = "gp3"
    encrypted   = true
  }

  tags = {
    Name  = "catalog"
    Owner = "shop"
  }
}

resource "aws_security_group" "catalog" {
  name   = "catalog"
  vpc_id = var.vpc_id

  ingress {
    from_port   = 8080
    to_port     = 8080
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/16"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

output "catalog_ids" {
  value       = aws_instance.catalog[*].id
  description = "Instances of this service"
}
