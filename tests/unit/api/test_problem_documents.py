from api.http.problem_documents import Code


def test_codes_are_unique_and_statuses_are_errors() -> None:
    assert len({code.code for code in Code}) == len(Code)
    assert all(400 <= code.status <= 599 for code in Code)
