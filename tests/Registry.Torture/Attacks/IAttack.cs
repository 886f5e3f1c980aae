namespace Registry.Torture.Attacks;

/// <summary>One kind of hostile client, for one attack. Its connections have a bounded number.</summary>
internal interface IAttack
{
    /// <summary>Name for choosing and recording the attack.</summary>
    string Name { get; }

    /// <summary>Short description.</summary>
    string Subject { get; }

    /// <summary>True for an attack on TLS itself.</summary>
    bool NeedsTls => false;

    /// <summary>Pushes what the attack needs, as any user may.</summary>
    /// <param name="target">The registry.</param>
    /// <param name="tally">Receives the answers.</param>
    Task PrepareAsync(Target target, Tally tally) => Task.CompletedTask;

    /// <summary>Attacks until the token is cancelled, then closes its connections.</summary>
    /// <param name="target">The attacked registry.</param>
    /// <param name="tally">Receives the answers.</param>
    /// <param name="random">Source of the choices.</param>
    /// <param name="stop">Ends the attack.</param>
    Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop);
}
