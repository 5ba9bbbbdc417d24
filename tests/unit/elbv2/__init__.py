"""Elastic Load Balancing v2 through boto3."""
