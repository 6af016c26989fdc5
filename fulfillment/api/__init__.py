"""The partner API (A1 to A5): claims in Twitch's shape and in Kick's, for the game backends of an organization.

``callers`` tells who asks, ``points`` how often they may, ``pages`` what they see and in which order; each platform's
package turns that into its own words. Fulfilling itself is :mod:`fulfillment.fulfilling`.
"""
