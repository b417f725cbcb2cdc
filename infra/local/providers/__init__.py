"""The provider simulator: plays the outside world of the local stack (Graph API, custom systems, mail, webhooks)."""
