import pytest

from chalkola.amazon.wording import names_the_page, says_too_large, says_unauthorized


@pytest.mark.parametrize(
    "words",
    [
        "The request size exceeded the maximum accepted size.",
        "The query is too large: it asks for more data than can be processed. Reduce the date range.",
        "InvalidInput: Query is too complex",
        "InvalidInput: Too many filters (21)",
        "The query exceeds the maximum complexity.",
        "The number of ASINs exceeds 30.",
        "Query complexity limit exceeded.",
        "InvalidInput: Invalid query (more than 30 days)",
        "InvalidInput: Invalid query (a marketplace has more than one filter)",
        "query: longer than 8000 characters",
        "Value at 'query' failed to satisfy constraint: Member must have length less than or equal to 8000",
        "asins must contain at most 30 items",
        "filters allows a maximum of 20 entries",
    ],
)
def test_these_words_say_that_a_question_is_too_large(words):
    assert says_too_large(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "InvalidInput: Invalid query (startDate is more than two years ago)",
        "startDate is more than 730 days ago",
        "startDate must be at most 2 years in the past",
        "QuotaExceeded: You exceeded your quota for the requested resource.",
        "The rate limit was exceeded.",
        "Too many requests",
        "The maximum number of concurrent queries was exceeded.",
        "There was a problem processing the query. Please try again later.",
        "Query did not have a versioned domain field",
        "Unauthorized to access requested fields.",
        "endDate exceeds today",
    ],
)
def test_these_do_not(words):
    assert not says_too_large(words)


@pytest.mark.parametrize(
    ("words", "unauthorized"),
    [
        ("Unauthorized: Unauthorized to access requested fields. (Unauthorized to access: [a.b])", True),
        ("Unauthorized: Access to requested resource is denied.", True),
        ("The seller is not authorized for this dataset.", True),
        ("The caller does not have the required permission.", True),
        ("There was a problem processing the query. Please try again later.", False),
        ("The query is too large", False),
        ("", False),
    ],
)
def test_a_denial_is_told_by_its_words(words, unauthorized):
    assert says_unauthorized(words) is unauthorized


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Invalid Input (paginationToken has expired)", True),
        ("The provided token is invalid.", True),
        ("nextToken: invalid", True),
        ("Unexpected tokens in the query", False),
        ("Invalid Input (query)", False),
    ],
)
def test_a_page_is_told_by_its_token(words, named):
    assert names_the_page(words) is named
