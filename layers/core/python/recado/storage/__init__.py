"""DynamoDB by pynamodb: records, keys, repositories. The only place that writes items."""
