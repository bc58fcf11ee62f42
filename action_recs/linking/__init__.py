"""What was recommended over the sessions of one client, what was looked back at, and what was done.

sessions --order--> thread --passages, features--> items and links --reader--> category, adherence --> ClientThread
"""

from __future__ import annotations

from action_recs.linking.following import follow_up
from action_recs.linking.thread import Adherence, Category, ClientThread, Item, LookBack, ReviewLink, Words

__all__ = ["Adherence", "Category", "ClientThread", "Item", "LookBack", "ReviewLink", "Words", "follow_up"]
