using Registry.Core.Fairness;

namespace Registry.Core.Access.Passwords;

/// <summary>One check of a password, with the requests that wait for it. <see cref="PasswordQueue"/> guards the mutable state.</summary>
/// <param name="fingerprint">Identity of the check: equal for the same user, password and line.</param>
/// <param name="password">Password to check.</param>
/// <param name="hash">Hash of the user; null for an unknown user.</param>
/// <param name="cost">Highest cost in the file, which every refusal costs.</param>
internal sealed class PasswordCheck(PasswordFingerprint fingerprint, string password, string? hash, int cost)
{
    public PasswordFingerprint Fingerprint { get; } = fingerprint;

    public string Password { get; } = password;

    public string? Hash { get; } = hash;

    public int Cost { get; } = cost;

    /// <summary>True once it has left the queue: bcrypt works on it, or another check took its place.</summary>
    public bool HasLeftQueue { get; set; }

    /// <summary>Requests that wait for the outcome.</summary>
    public List<Waiter> Waiters { get; } = [];

    /// <summary>Request that waits for the outcome: null when another check took its place.</summary>
    internal sealed class Waiter(PasswordCheck check, ClientNetwork network)
        : TaskCompletionSource<bool?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public PasswordCheck Check { get; } = check;

        public ClientNetwork Network { get; } = network;
    }
}
