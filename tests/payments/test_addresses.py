"""An address of a coin is of the network it is sent over, or it is refused before anybody pays."""

import pytest

from operational.payments.states import Network
from operational.payments.withdrawals.destinations import read
from operational.payments.withdrawals.errors import DestinationInvalid

GOOD = {
    Network.BTC: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    Network.ETH: "0x1EBAeF7Bee7B3a7B2EEfC72e86593Bf15ED37522",
    Network.LTC: "ltc1qhzjptwpym9afcdjhs7jcz6fd0jma0l0rc0e5yr",
    Network.TRX: "TEmGwPeRTPiLFLVfBxXkSP91yc5GMNQhfS",
    Network.USDC_ERC20: "0x1EBAeF7Bee7B3a7B2EEfC72e86593Bf15ED37522",
    Network.USDT_ERC20: "0x1EBAeF7Bee7B3a7B2EEfC72e86593Bf15ED37522",
    Network.USDT_TRC20: "TEmGwPeRTPiLFLVfBxXkSP91yc5GMNQhfS",
}


@pytest.mark.parametrize("network", Network)
def test_an_address_is_taken_for_its_own_network_only(network):
    for address in set(GOOD.values()):
        details = {"network": network.value.upper(), "address": f" {address} "}
        if address == GOOD[network]:
            assert read("crypto", details)[0] == {"network": network, "address": address}
            continue
        with pytest.raises(DestinationInvalid):
            read("crypto", details)


@pytest.mark.parametrize("network", ["", "doge", "TRC20", "usdt"])
def test_without_a_network_we_pay_on_no_address_is_taken(network):
    with pytest.raises(DestinationInvalid):
        read("crypto", {"network": network, "address": GOOD[Network.BTC]})
