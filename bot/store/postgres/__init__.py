"""The store in a PostgreSQL database that several replicas share."""
