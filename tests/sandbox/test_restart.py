"""A stand-in that is killed comes back as it was."""


def test_stripe_forgets_neither_payments_keys_faults_nor_callbacks(own_server, eventually):
    server = own_server("stripe")
    client = server.authorised()
    client.headers["Idempotency-Key"] = "key-1"
    form = {"amount": "500", "currency": "eur", "metadata[reference]": "W-1"}
    first = client.post("/v1/payouts", data=form).json()
    server.endpoint.status = 503
    move = {"op": "pay", "at": "2026-03-02", "amount": 500, "metadata": {"reference": "D-1"}}
    server.moves(move, deliver="now")
    server.fault("POST /v1/refunds", "refuse")
    secrets = server.secrets

    server.kill()
    server.endpoint.status = 200
    server.start()

    client = server.authorised()
    client.headers["Idempotency-Key"] = "key-1"
    assert client.post("/v1/payouts", data=form).json() == first
    assert server.secrets == secrets
    assert server.http.get("/sandbox/faults").json()[0]["match"] == "POST /v1/refunds"
    assert eventually(lambda: len(server.endpoint.about("D-1")) >= 2)
    # The payout travels on, too.
    assert eventually(lambda: server.endpoint.about("payout.paid"))


def test_adyen_numbers_its_batches_on_and_keeps_its_reports(own_server):
    server = own_server("adyen")
    payment = {"op": "pay", "value": 700, "reference": "D-1"}
    server.moves(payment | {"at": "2026-03-02"})
    [before] = server.authorised().get("/reports").json()

    server.kill()
    server.start()
    server.moves(payment | {"at": "2026-03-03"})
    server.client().post("/sandbox/settle", params={"until": "2100-01-01"})

    assert server.authorised().get("/reports").json()[0] == before
    assert [report["batch"] for report in server.authorised().get("/reports").json()] == [1, 2]


def test_mt5_keeps_accounts_deals_and_a_pinned_clock_but_no_session(own_server):
    server = own_server("mt5")
    client = server.authorised()
    login = client.post("/api/user/add", json={"Group": "real\\x-USD"}).json()["answer"]["Login"]
    client.get("/api/trade/balance", params={"login": login, "type": 2, "balance": "75"})
    client.post("/sandbox/clock", json={"now": "2026-07-06T21:00:00Z"})

    server.kill()
    server.start()

    stranger = server.client().get("/api/user/get", params={"login": login})
    client = server.authorised()
    assert stranger.status_code == 403
    user = client.get("/api/user/get", params={"login": login}).json()["answer"]
    assert user["Balance"] == "75.00"
    assert client.get("/api/time/server").json()["answer"]["Time"] == "1783382400"
