variable "storefront_count" {
  type        = number
  description = "How many instances to run"
  default     = 2
}

resource "aws_instance" "storefront" {
  count         = var.storefront_count
  ami           = data.aws_ami.base.id
  instance_type = "t3.medium"
  subnet_id     = var.subnet_id
  monitoring    = true

  root_block_device {
    volume_size = 40
    volume_type = "gp3"
    encrypted   = true
  }

  tags = {
    Name  = "storefront"
    Owner = "shop"
  }
}

resource "aws_security_group" "storefront" {
  name   = "storefront"
  vpc_id = var.vpc_id

  ingress {
    from_port   = 443
    to_port     = 443
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
    Name  = "storefront"
    Owner = "shop"
  }
}

output "storefront_ids" {
  value       = aws_instance.storefront[*].id
  description = "Instances of this service"
}
