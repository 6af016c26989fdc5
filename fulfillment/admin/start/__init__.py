"""The admin's start page: what a producer asks on campaign day, on one screen."""

from fulfillment.admin.start.page import START_PAGE

__all__ = ["START_PAGE"]
