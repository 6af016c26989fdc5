"""A campaign's page as viewers will see it, in every state, by made-up facts: nothing is stored and nobody is looked up."""
