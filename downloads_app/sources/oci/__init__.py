"""Kind `oci`: any registry with the OCI distribution API, for example for Ollama's and Docker's models."""
