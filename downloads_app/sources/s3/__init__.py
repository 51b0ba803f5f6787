"""Kind `s3`: prefixes of any store that speaks Amazon's S3."""
