"""Calendar feeds (Kalender-Abonnements): a secret address that a calendar program asks for one's dates."""
