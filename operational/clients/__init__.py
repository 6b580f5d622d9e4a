"""People who open accounts with us: leads, routing, profiles.

1. A lead is routed by table the moment it arrives; nobody is left without a queue.
2. A client is one person with one e-mail, in any letter case.
3. The stage only moves along `states.TRANSITIONS`.
"""
