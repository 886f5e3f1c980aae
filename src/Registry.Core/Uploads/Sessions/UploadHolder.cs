using Registry.Core.Fairness;

namespace Registry.Core.Uploads.Sessions;

/// <summary>Caller whose uploads in progress are counted together: a user, or the network of callers without one.</summary>
public readonly record struct UploadHolder
{
    private UploadHolder(string? user, ClientNetwork network)
    {
        User = user;
        Network = network;
    }

    /// <summary>The user; null for callers without credentials.</summary>
    public string? User { get; }

    /// <summary>Network of callers without credentials; unknown for a user.</summary>
    public ClientNetwork Network { get; }

    /// <summary>The holder of what a caller begins.</summary>
    /// <param name="user">The user; null for an anonymous caller.</param>
    /// <param name="network">Network of the caller, which matters only without a user; unknown for uploads that an earlier version began.</param>
    public static UploadHolder Of(string? user, ClientNetwork network) => user is null ? new(null, network) : new(user, ClientNetwork.Unknown);

    /// <inheritdoc/>
    public override string ToString() => User is null ? $"the network {Network}" : $"the user '{User}'";
}
