"""What users write: params.yaml, studies in files of their own, bases and families of studies."""
