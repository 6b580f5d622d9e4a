"""How each changing route is called so that it succeeds, and what its record then holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import text

from api import oidc
from operational.access import totp
from operational.access.matrix import Role
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.platforms.connect import connect
from tests.api import cast
from tests.api.opened import PASSWORD, Door
from tests.kyc.people import a_picture


@dataclass
class Attempt:
    """One request that will succeed, and the verbs its record must hold, each once."""

    client: httpx.Client
    path: str
    verbs: list[str]
    sent: dict[str, Any] = field(default_factory=dict)


Recipe = Callable[[Door], Attempt]
RECIPES: dict[tuple[str, str], Recipe] = {}


def recipe(method: str, *paths: str) -> Callable[[Callable[..., Attempt]], Callable[..., Attempt]]:
    """The recipe of a route as JSON and, where there is one, as a page."""

    def keep(make: Callable[..., Attempt]) -> Callable[..., Attempt]:
        for path in paths:
            RECIPES[method, path] = lambda door, path=path: make(door, path)
        return make

    return keep


def body(path: str, content: dict[str, Any]) -> dict[str, Any]:
    """As JSON to the API, as a form to a page."""
    return {"json": content} if path.startswith(("/api", "/session")) else {"data": content}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid7().hex}


@recipe("POST", "/session", "/sign-in")
def sign_in(door: Door, path: str) -> Attempt:
    user, _ = door.someone(Role.CLIENT)
    form = {"email": user.email, "password": PASSWORD}
    return Attempt(door.visitor(), path, ["user:sign_in"], body(path, form))


@recipe("DELETE", "/session")
@recipe("POST", "/sign-out")
def sign_out(door: Door, path: str) -> Attempt:
    return Attempt(door.signed_in(Role.CLIENT), path, ["user:sign_out"])


@recipe("POST", "/oidc/token")
def token(door: Door, path: str) -> Attempt:
    program = oidc.dashboards(door.app.state.hub.settings)
    query = {"client_id": program.client_id, "redirect_uri": program.redirect_uri}
    sent_back = door.signed_in(Role.MANAGEMENT).get("/oidc/authorize", params=query)
    code = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": program.redirect_uri}
    secret = (program.client_id, program.client_secret)
    return Attempt(door.visitor(), path, ["user:sign_in"], {"data": form, "auth": secret})


@recipe("POST", "/api/clients/registrations", "/register")
def register(door: Door, path: str) -> Attempt:
    form = {
        "email": f"{uuid7().hex}@example.com",
        "password": PASSWORD,
        "first_name": "Ann",
        "country": "DE",
    }
    verbs = ["user:create", "client:register", "client:route"]
    if path == "/register":
        verbs.append("user:sign_in")
    return Attempt(door.visitor(), path, verbs, body(path, form))


@recipe("POST", "/api/clients", "/staff/clients/new")
def new_lead(door: Door, path: str) -> Attempt:
    form = {"email": f"{uuid7().hex}@example.com", "first_name": "Ann", "country": "DE"}
    verbs = ["user:create", "client:register", "client:route", "user:invite"]
    return Attempt(door.signed_in(Role.SALES), path, verbs, body(path, form))


@recipe("POST", "/api/clients/{client_id}/invitation", "/staff/clients/{client_id}/invitation")
def invite(door: Door, path: str) -> Attempt:
    sales = door.signed_in(Role.SALES)
    made = new_lead(door, "/api/clients")
    client = sales.post("/api/clients", **made.sent).json()["id"]
    return Attempt(sales, path.format(client_id=client), ["user:invite"])


@recipe("PUT", "/api/me/profile")
@recipe("POST", "/room/profile")
def profile(door: Door, path: str) -> Attempt:
    form = {
        "first_name": "Ann",
        "last_name": "Example",
        "birth_date": "1990-05-17",
        "country": "DE",
        "phone": "+4915112345678",
    }
    person = cast.a_client(door)
    return Attempt(person.client, path, ["client:change_profile"], body(path, form))


@recipe("POST", "/api/me/documents", "/room/documents")
def upload(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.PROFILED)
    sent = {
        "data": {"kind": "passport"},
        "files": {"file": ("p.png", a_picture(uuid7().hex), "image/png")},
    }
    return Attempt(person.client, path, ["document:upload"], sent)


@recipe("POST", "/api/me/check", "/room/documents/check")
def check(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.PROFILED)
    return Attempt(person.client, path, ["kyc:check", "client:change_stage", "case:open"])


@recipe("POST", "/api/me/deposits", "/room/deposit")
def deposit(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    form = {"amount": "250.00", "currency": "USD", "method": "card"}
    if path == "/room/deposit":
        form["once"] = uuid7().hex
    sent = body(path, form) | {"headers": key()}
    return Attempt(person.client, path, ["deposit:request"], sent)


@recipe("POST", "/api/me/trading-accounts", "/room/accounts")
def open_account(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    form: dict[str, Any] = {"currency": "USD", "leverage": 100}
    if path == "/room/accounts":
        form["once"] = uuid7().hex
    sent = body(path, form) | {"headers": key()}
    return Attempt(person.client, path, ["account:request"], sent)


@recipe("POST", "/api/me/trading-accounts/{account_id}/transfers", "/room/accounts/{reference}")
def fund(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    cast.money_for(door, person)
    account = cast.an_account(door, person)
    form = {"amount": "100.00", "currency": "USD"}
    if path.startswith("/room"):
        form["once"] = uuid7().hex
    sent = body(path, form) | {"headers": key()}
    place = path.format(account_id=account, reference=reference_of(door, account))
    return Attempt(person.client, place, ["transfer:request"], sent)


@recipe("POST", "/room/accounts/{reference}/password")
def password(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    account = cast.an_account(door, person, login=a_login(door))
    place = path.format(reference=reference_of(door, account))
    return Attempt(person.client, place, ["account:renew_password"])


@recipe("POST", "/api/cases/{case_id}/evidence")
def show(door: Door, path: str) -> Attempt:
    case = cast.a_case(door)
    return Attempt(door.signed_in(Role.COMPLIANCE), path.format(case_id=case), ["case:show"])


@recipe("POST", "/api/cases/{case_id}/decision", "/staff/review/{case_id}")
def decide(door: Door, path: str) -> Attempt:
    case, officer = cast.a_case(door), door.signed_in(Role.COMPLIANCE)
    evidence = officer.post(f"/api/cases/{case}/evidence").json()["id"]
    form = {"verdict": "approved", "note": "met in person", "evidence_id": evidence}
    verbs = ["case:approve", "client:change_stage", "kyc:approve"]
    return Attempt(officer, path.format(case_id=case), verbs, body(path, form))


@recipe("POST", "/api/trading-accounts/{account_id}/block", "/staff/accounts/{account_id}")
def block(door: Door, path: str) -> Attempt:
    account = cast.an_account(door, cast.a_client(door, Stage.VERIFIED))
    form = {"reason": "asked by the client"}
    if path.startswith("/staff"):
        form["wanted"] = "block"
    officer = door.signed_in(Role.SUPPORT)
    return Attempt(officer, path.format(account_id=account), ["account:block"], body(path, form))


@recipe("POST", "/api/trading-accounts/{account_id}/unblock")
def unblock(door: Door, path: str) -> Attempt:
    account = cast.an_account(door, cast.a_client(door, Stage.VERIFIED))
    officer, form = door.signed_in(Role.SUPPORT), {"reason": "asked by the client"}
    officer.post(f"/api/trading-accounts/{account}/block", json=form)
    return Attempt(officer, path.format(account_id=account), ["account:unblock"], body(path, form))


@recipe("POST", "/api/partners", "/staff/partners")
def partner(door: Door, path: str) -> Attempt:
    form = {
        "email": f"{uuid7().hex}@example.com",
        "name": "Alpha Partners",
        "code": uuid7().hex[-10:].upper(),
        "country": "CY",
        "currency": "USD",
        "plan_name": "standard",
    }
    manager = door.signed_in(Role.MANAGEMENT)
    verbs = ["user:create", "partner:join", "user:invite"]
    return Attempt(manager, path, verbs, body(path, form))


@recipe("POST", "/api/partners/{partner_id}/invitation", "/staff/partners/{partner_id}/invitation")
def invite_partner(door: Door, path: str) -> Attempt:
    joined = partner(door, "/api/partners")
    made = joined.client.post(joined.path, **joined.sent).json()["id"]
    return Attempt(joined.client, path.format(partner_id=made), ["user:invite"])


@recipe("POST", "/api/plans/{name}/drafts", "/staff/plans")
def draft_plan(door: Door, path: str) -> Attempt:
    name = f"plan {uuid7().hex[-8:]}"
    later = (door.clock() + timedelta(days=1)).replace(tzinfo=None)
    form: dict[str, Any] = {"name": name, "rates": "group forex 5.00 USD"}
    form["valid_from"] = later.isoformat()
    if path.startswith("/api"):
        rate = {"symbol_group": "forex", "per_lot": "5.00", "currency": "USD"}
        form = {"rates": [rate], "valid_from": f"{later.isoformat()}Z"}
    manager = door.signed_in(Role.MANAGEMENT)
    return Attempt(manager, path.format(name=name), ["plan:draft"], body(path, form))


@recipe("POST", "/api/plans/versions/{version_id}/publish", "/staff/plans/{version_id}/publish")
def publish_plan(door: Door, path: str) -> Attempt:
    drafted = draft_plan(door, "/api/plans/{name}/drafts")
    version = drafted.client.post(drafted.path, **drafted.sent).json()["id"]
    finance = door.signed_in(Role.FINANCE)
    return Attempt(finance, path.format(version_id=version), ["plan:publish"])


@recipe("POST", "/api/rules/tables/{name}/drafts", "/staff/rules/{version_id}")
def draft(door: Door, path: str) -> Attempt:
    officer = door.signed_in(Role.COMPLIANCE)
    version = next(v for v in officer.get("/api/rules/versions").json() if v["name"] == "kyc")
    content = officer.get(f"/api/rules/versions/{version['id']}")
    form: dict[str, Any] = {"note": "a test's draft", "content": content.json()["content"]}
    if path.startswith("/staff"):
        form["content"] = httpx.Response(200, json=form["content"]).text
    place = path.format(name="kyc", version_id=version["id"])
    return Attempt(officer, place, ["rule:draft"], body(path, form))


@recipe("POST", "/api/rules/versions/{version_id}/publish", "/staff/rules/{version_id}/publish")
def publish(door: Door, path: str) -> Attempt:
    maker, _ = door.someone(Role.COMPLIANCE)
    version = cast.a_draft(door, Actor(str(maker.id), maker.name, frozenset({"compliance"})))
    officer = door.signed_in(Role.COMPLIANCE)
    return Attempt(officer, path.format(version_id=version), ["rule:publish"])


def on_all_days(door: Door) -> tuple[httpx.Client, str, dict[str, str]]:
    officer = door.signed_in(Role.COMPLIANCE)
    version = next(v for v in officer.get("/api/rules/versions").json() if v["name"] == "kyc")
    return officer, version["id"], {"since": "2026-01-01", "until": "2026-12-31"}


@recipe("POST", "/api/rules/versions/{version_id}/replays", "/staff/rules/{version_id}/replays")
def replay_decisions(door: Door, path: str) -> Attempt:
    officer, version, form = on_all_days(door)
    return Attempt(officer, path.format(version_id=version), ["rule:replay"], body(path, form))


@recipe("POST", "/api/rules/replays/{replay_id}/stop", "/staff/rules/replays/{replay_id}/stop")
def stop_replay(door: Door, path: str) -> Attempt:
    officer, version, form = on_all_days(door)
    asked = officer.post(f"/api/rules/versions/{version}/replays", json=form).json()["id"]
    return Attempt(officer, path.format(replay_id=asked), ["rule:replay_stop"])


@recipe("POST", "/api/rules/versions/{version_id}/withdraw", "/staff/rules/{version_id}/withdraw")
def withdraw(door: Door, path: str) -> Attempt:
    user, token = door.someone(Role.COMPLIANCE)
    version = cast.a_draft(door, Actor(str(user.id), user.name, frozenset({"compliance"})))
    officer = door.visitor(Authorization=f"Bearer {token}")
    form = {"reason": "a typing error"}
    return Attempt(officer, path.format(version_id=version), ["rule:retire"], body(path, form))


def at_break(path: str, item: Any) -> str:
    return path.format(break_id=item.id, reference=item.reference)


@recipe("POST", "/api/breaks/{break_id}/owner", "/staff/breaks/{reference}/owner")
def own_break(door: Door, path: str) -> Attempt:
    user, token = door.someone(Role.FINANCE)
    place = at_break(path, cast.a_break(door))
    colleague = door.visitor(Authorization=f"Bearer {token}")
    return Attempt(colleague, place, ["break:assign"], body(path, {"owner": str(user.id)}))


@recipe("POST", "/api/breaks/{break_id}/investigation", "/staff/breaks/{reference}/investigation")
def investigate(door: Door, path: str) -> Attempt:
    owned = own_break(door, "/api/breaks/{break_id}/owner")
    item = owned.client.post(owned.path, **owned.sent).json()
    place = path.format(break_id=item["id"], reference=item["reference"])
    return Attempt(owned.client, place, ["break:investigate"])


@recipe("POST", "/api/breaks/{break_id}/notes", "/staff/breaks/{reference}/notes")
def note_break(door: Door, path: str) -> Attempt:
    place = at_break(path, cast.a_break(door))
    form = {"note": "asked the provider"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["break:note"], body(path, form))


@recipe("POST", "/api/breaks/{break_id}/wait", "/staff/breaks/{reference}/wait")
def wait(door: Door, path: str) -> Attempt:
    place = at_break(path, cast.a_break(door))
    until = (door.clock() + timedelta(days=3)).date().isoformat()
    form = {"until": until, "reason_code": "timing", "note": "pays on Tuesday"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["break:wait"], body(path, form))


@recipe("POST", "/api/breaks/{break_id}/match", "/staff/breaks/{reference}/end")
def match(door: Door, path: str) -> Attempt:
    item = cast.a_break(door)
    line = item.details["candidates"][0]["line_id"]
    form = {"reason_code": "reference", "note": "the same payer", "lines": [line]}
    if path.endswith("/end"):
        form["action"] = "match"
    place = at_break(path, item)
    return Attempt(door.signed_in(Role.FINANCE), place, ["break:match"], body(path, form))


@recipe("POST", "/api/breaks/{break_id}/requests")
def ask_about_break(door: Door, path: str) -> Attempt:
    form = {
        "action": "adjust",
        "account": "psp_fees",
        "reason_code": "fee",
        "note": "a new fee since March",
        "evidence_link": "https://files.example.com/invoice.pdf",
    }
    place = at_break(path, cast.a_break(door))
    return Attempt(door.signed_in(Role.FINANCE), place, ["approval:request"], body(path, form))


@recipe("POST", "/api/breaks/approvals/{approval_id}", "/staff/breaks/approvals/{approval_id}")
def agree_about_break(door: Door, path: str) -> Attempt:
    asked = ask_about_break(door, "/api/breaks/{break_id}/requests")
    approval = asked.client.post(asked.path, **asked.sent).json()["id"]
    place = path.format(approval_id=approval)
    verbs = ["approval:grant", "break:adjust"]
    return Attempt(door.signed_in(Role.FINANCE), place, verbs, body(path, {"verdict": "agree"}))


@recipe("POST", "/api/adjustments", "/staff/adjustments")
def adjust(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    form = {"amount": "25.00", "currency": "USD", "direction": "give"}
    form |= {"reason_code": "goodwill", "note": "a slow withdrawal"}
    if path.startswith("/staff"):
        form |= {"client": cast.reference_of(door, person), "once": uuid7().hex}
    else:
        form["client_id"] = str(person.id)
    verbs = ["approval:request", "adjustment:ask"]
    sent = body(path, form) | {"headers": key()}
    return Attempt(door.signed_in(Role.SUPPORT), path, verbs, sent)


@recipe(
    "POST",
    "/api/adjustments/{reference}/decision",
    "/staff/adjustments/{reference}/decision",
)
def agree_to_adjustment(door: Door, path: str) -> Attempt:
    cast.a_house_account(door, "house:goodwill", "expense")
    asked = adjust(door, "/api/adjustments")
    found = asked.client.post(asked.path, **asked.sent).json()
    form = {"verdict": "agree", "shown": found["shown"]}
    finance = door.signed_in(Role.FINANCE)
    verbs = ["approval:grant", "adjustment:post"]
    return Attempt(finance, path.format(**found), verbs, body(path, form))


@recipe(
    "POST",
    "/api/adjustments/{reference}/reversal",
    "/staff/adjustments/{reference}/reversal",
)
def reverse_adjustment(door: Door, path: str) -> Attempt:
    agreed = agree_to_adjustment(door, "/api/adjustments/{reference}/decision")
    found = agreed.client.post(agreed.path, **agreed.sent).json()
    form = {"note": "the wrong client"}
    if path.startswith("/staff"):
        form["once"] = uuid7().hex
    verbs = ["approval:request", "adjustment:ask"]
    sent = body(path, form) | {"headers": key()}
    return Attempt(door.signed_in(Role.SUPPORT), path.format(**found), verbs, sent)


@recipe("POST", "/api/disputes/{reference}/packs", "/staff/disputes/{reference}/packs")
def make_pack(door: Door, path: str) -> Attempt:
    place = path.format(reference=cast.a_dispute(door))
    return Attempt(door.signed_in(Role.FINANCE), place, ["dispute:pack"])


@recipe("POST", "/api/disputes/{reference}/answer", "/staff/disputes/{reference}/answer")
def answer_dispute(door: Door, path: str) -> Attempt:
    place = path.format(reference=cast.a_dispute(door))
    form = {"answer": "accepted", "note": "not worth the work"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["dispute:accept"], body(path, form))


@recipe("POST", "/api/client-money/reports", "/staff/client-money")
def ask_for_report(door: Door, path: str) -> Attempt:
    day = door.clock().date() - timedelta(days=2 + uuid7().int % 10_000)
    form = {"day": day.isoformat(), "reason": "a statement came late"}
    finance = door.signed_in(Role.FINANCE)
    return Attempt(finance, path, ["report:ask"], body(path, form))


@recipe("POST", "/api/client-money/reports/{report_id}/decision", "/staff/client-money/{report_id}")
def sign_report(door: Door, path: str) -> Attempt:
    place = path.format(report_id=cast.a_report(door).id)
    form = {"verdict": "sign", "note": "nobody had money here"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["report:sign"], body(path, form))


@recipe("POST", "/api/client-money/bank-accounts", "/staff/client-money/bank-accounts")
def name_bank_account(door: Door, path: str) -> Attempt:
    form = {
        "account": f"DE {uuid7().hex[-18:]}",
        "currency": "EUR",
        "bank": "Alpha Bank",
        "name": "Clients",
        "opened_on": "2026-01-01",
    }
    finance = door.signed_in(Role.FINANCE)
    return Attempt(finance, path, ["bank_account:name"], body(path, form))


@recipe("POST", "/api/payments/{reference}/refunds", "/staff/payments/{reference}/refunds")
def ask_refund(door: Door, path: str) -> Attempt:
    place = path.format(reference=cast.a_credited_deposit(door))
    form = {"amount": "40.00", "currency": "USD", "reason": "paid twice"}
    return Attempt(door.signed_in(Role.SUPPORT), place, ["approval:request"], body(path, form))


@recipe("POST", "/api/refunds/{approval_id}/decision", "/staff/payments/refunds/{approval_id}")
def agree_to_refund(door: Door, path: str) -> Attempt:
    asked = ask_refund(door, "/api/payments/{reference}/refunds")
    found = asked.client.post(asked.path, **asked.sent).json()
    form, place = (
        {"verdict": "agree", "shown": found["shown"]},
        path.format(approval_id=found["id"]),
    )
    verbs = ["approval:grant", "payout:plan", "payout:queue"]
    return Attempt(door.signed_in(Role.FINANCE), place, verbs, body(path, form))


@recipe("POST", "/api/users", "/staff/users")
def colleague(door: Door, path: str) -> Attempt:
    form = {"email": f"{uuid7().hex}@example.com", "name": "Omar"}
    verbs = ["user:create", "approval:request"]
    return Attempt(door.signed_in(Role.SUPER_ADMIN), path, verbs, body(path, form))


@recipe("POST", "/api/users/{user_id}/roles", "/staff/users/{user_id}/roles")
def request_role(door: Door, path: str) -> Attempt:
    user, _ = door.someone(Role.SALES)
    form = {"role": "support", "reason": "helps out in summer"}
    place = path.format(user_id=user.id)
    admin = door.signed_in(Role.SUPER_ADMIN)
    return Attempt(admin, place, ["approval:request"], body(path, form))


@recipe("POST", "/api/users/approvals/{approval_id}", "/staff/users/approvals/{approval_id}")
def approve(door: Door, path: str) -> Attempt:
    asked = request_role(door, "/api/users/{user_id}/roles")
    approval = asked.client.post(asked.path, **asked.sent).json()["id"]
    place = path.format(approval_id=approval)
    verbs = ["role:grant", "approval:grant"]
    admin = door.signed_in(Role.SUPER_ADMIN)
    return Attempt(admin, place, verbs, body(path, {"verdict": "agree"}))


@recipe("POST", "/api/users/{user_id}/disable", "/staff/users/{user_id}/disable")
def disable(door: Door, path: str) -> Attempt:
    user, _ = door.someone(Role.SALES)
    form = {"reason": "left the company"}
    place = path.format(user_id=user.id)
    admin = door.signed_in(Role.SUPER_ADMIN)
    return Attempt(admin, place, ["user:deactivate"], body(path, form))


@recipe(
    "POST",
    "/api/users/{user_id}/requests/{change}",
    "/staff/users/{user_id}/requests/{change}",
)
def request_invitation(door: Door, path: str) -> Attempt:
    user, _ = door.someone(Role.SALES)
    place = path.format(user_id=user.id, change="invite")
    admin = door.signed_in(Role.SUPER_ADMIN)
    return Attempt(admin, place, ["approval:request"], body(path, {"reason": "lost the phone"}))


@recipe("POST", "/api/users/{user_id}/unlock", "/staff/users/{user_id}/unlock")
def unlock(door: Door, path: str) -> Attempt:
    user, _ = door.someone(Role.SALES)
    admin = door.signed_in(Role.SUPER_ADMIN)
    return Attempt(admin, path.format(user_id=user.id), ["user:unlock"])


@recipe("POST", "/welcome/{token}")
def join(door: Door, path: str) -> Attempt:
    asked = request_invitation(door, "/api/users/{user_id}/requests/{change}")
    approval = asked.client.post(asked.path, **asked.sent).json()["id"]
    agreed = door.signed_in(Role.SUPER_ADMIN).post(
        f"/api/users/approvals/{approval}", json={"verdict": "agree"}
    )
    secret = totp.new_secret()
    form = {"password": PASSWORD, "secret": secret, "code": door.code(secret)}
    return Attempt(
        door.visitor(), urlsplit(agreed.json()["link"]).path, ["user:join"], body(path, form)
    )


@recipe("PUT", "/api/account/password")
@recipe("POST", "/account")
def change_password(door: Door, path: str) -> Attempt:
    form = {"old": PASSWORD, "new": "another good one"}
    return Attempt(door.signed_in(Role.SALES), path, ["user:change_password"], body(path, form))


@recipe("DELETE", "/api/account/sessions", "/api/account/sessions/{session_id}")
@recipe("POST", "/account/sessions", "/account/sessions/{session_id}")
def end_sessions(door: Door, path: str) -> Attempt:
    client = door.signed_in(Role.SALES)
    here = client.get("/session").json()["session_id"]
    return Attempt(client, path.format(session_id=here), ["session:revoke"])


def reference_of(door: Door, account: Any) -> str:
    wanted = text("select reference from platforms.trading_account where id = :id")
    found: str = door.query(lambda session: session.scalar(wanted, {"id": account}))
    return found


def a_login(door: Door) -> int:
    """An account on the running platform stand-in."""
    platform = connect(door.app.state.hub.settings)
    assert platform is not None
    with platform:
        return platform.add_user(
            {
                "group": "real\\standard-USD",
                "leverage": 100,
                "name": "Ann Example",
                "pass_main": "Aa1!aaaaaaaa",
                "pass_investor": "Aa1!bbbbbbbb",
            }
        )
