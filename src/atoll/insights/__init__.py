"""What AWS's network analyzers answer: Reachability Analyzer's analyses of paths, Network Access Analyzer's findings.

The proof is `analyze/reach`'s, over all packets of a question; the walk tells the hops of one of them; and this puts
both in AWS's words. Pure functions of a model and its plan.
"""
