using Registry.Core.Fairness;

namespace Registry.Server.Memory;

/// <summary>Caller whose requests hold memory: the user, or the network of an anonymous client.</summary>
internal readonly record struct MemoryHolder
{
    private readonly string? _user;
    private readonly ClientNetwork _network;

    /// <param name="user">Name of the user; null for an anonymous client.</param>
    /// <param name="network">Network of the client; not used for a user, who may have several.</param>
    public MemoryHolder(string? user, ClientNetwork network) => (_user, _network) = (user, user is null ? network : default);
}
