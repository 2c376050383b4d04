"""What a person should know about a tariff before it is published."""
