"""Mutation testing: change one place of the code and see whether a test notices.

Decision 0055 says why this is own code.
"""
