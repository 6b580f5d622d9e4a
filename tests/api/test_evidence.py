"""A decided case shows what its decider was shown, for good; everybody sees it by their own role."""

from sqlalchemy import text

from operational.access.matrix import Role
from tests.api import cast


def evidence_count(opened) -> int:
    return opened.query(
        lambda session: session.scalar(text("select count(*) from review.evidence"))
    )


def test_what_a_decision_was_made_on_can_be_read_back(opened):
    cast.prepare(opened)
    case, officer = cast.a_case(opened), opened.signed_in(Role.COMPLIANCE)
    shown = officer.post(f"/api/cases/{case}/evidence").json()
    form = {"verdict": "approved", "note": "met in person", "evidence_id": shown["id"]}
    decided = officer.post(f"/api/cases/{case}/decision", json=form).json()
    before = evidence_count(opened)

    auditor, support = (opened.signed_in(role) for role in (Role.SUPER_ADMIN, Role.SUPPORT))
    page = auditor.get(f"/staff/review/{case}")
    evidence_page = auditor.get(f"/staff/evidence/{shown['id']}")
    whole = auditor.get(f"/api/cases/evidence/{shown['id']}").json()
    masked = support.get(f"/api/cases/evidence/{shown['id']}").json()

    assert decided["evidence_id"] == shown["id"]
    assert evidence_count(opened) == before
    assert whole["payload"] == shown["payload"]
    assert whole["payload_sha256"] in evidence_page.text
    assert "met in person" in page.text
    email = shown["payload"]["client"]["email"]
    assert email in page.text
    assert email not in str(masked)
    assert email not in support.get(f"/staff/review/{case}").text
    assert "documents" not in masked["payload"]


def test_the_audit_links_what_was_shown_and_the_decision(opened):
    cast.prepare(opened)
    case, officer = cast.a_case(opened), opened.signed_in(Role.COMPLIANCE)
    reference = officer.post(f"/api/cases/{case}/evidence").json()["payload"]["reference"]

    page = officer.get("/staff/audit", params={"subject": reference}).text
    told = officer.get("/api/audit", params={"subject": reference}).json()

    assert [record["verb"] for record in told] == ["case:show", "case:open"]
    assert f"/staff/evidence/{told[0]['evidence_id']}" in page
    assert f"/staff/rules/decisions/{told[1]['decision_id']}" in page


def test_the_audit_is_searched_by_name_and_day(opened):
    user, token = opened.someone(Role.COMPLIANCE, "ines.auditor@example.com")
    officer = opened.visitor(Authorization=f"Bearer {token}")
    today = opened.clock().date().isoformat()

    def found(**query) -> int:
        assert officer.get("/staff/audit", params=query).status_code == 200
        return len(officer.get("/api/audit", params=query).json())

    assert found(subject=user.email, since=today, until=today) == found(subject=user.email) == 1
    assert found(subject=user.email, until="2020-01-01") == 0
    assert found(subject=user.email, since="9999-12-31", until="9999-12-31") == 0
    assert found(actor="nobody of this name") == 0


def test_a_client_is_not_told_of_the_lists_by_the_api_either(opened):
    cast.prepare(opened)
    person = cast.a_client(opened, cast.Stage.PROFILED)

    told = person.client.post("/api/me/check").json()

    assert told["outcome"] == "review"
    assert (
        "A person compares your details by hand. There is nothing for you to do." in told["reasons"]
    )
    assert "list" not in str(told).lower()


def test_a_client_cannot_keep_a_reviewer_busy_by_asking(opened):
    cast.prepare(opened)
    person = cast.a_client(opened, cast.Stage.PROFILED)

    answers = [person.client.post("/api/me/check").status_code for _ in range(21)]
    page = person.client.post("/room/documents/check")

    assert answers == [200] * 20 + [429]
    assert (page.status_code, "Too many tries" in page.text) == (429, True)
