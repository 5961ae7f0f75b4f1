"""Who comes in to the pages. Nobody who is not let in here reaches a page, whoever adds one.

people      who somebody is and what they may do, by what Google says of them (pure)
csrf        whether a change was asked for by a page of ours (pure)
google      the way to Google and back
cookies     what the browser keeps, for an hour or a day
sessions    who is signed in
door        around all pages: who is let in
routes      /sign-in and /sign-out
"""
