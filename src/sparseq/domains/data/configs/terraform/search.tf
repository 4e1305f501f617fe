variable "search_count" {
  type        = number
  description = "How many instances to run"
  default     = 2
}

resource "aws_instance" "search" {
  count         = var.search_count
  ami           = data.aws_ami.base.id
  instance_type = "r6g.large"
  subnet_id     = var.subnet_id
  monitoring    = true

  root_block_device {
    volume_size = 200
    volume_type = "gp3"
    encrypted   = true
  }

  tags = {
    Name  = "search"
    Owner = "shop"
  }
}

resource "aws_security_group" "search" {
  name   = "search"
  vpc_id = var.vpc_id

  ingress {
    from_port   = 9200
    to_port     = 9200
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/16"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = {
    Name  = "search"
    Owner = "shop"
  }
}

output "search_ids" {
  value       = aws_instance.search[*].id
  description = "Instances of this service"
}
