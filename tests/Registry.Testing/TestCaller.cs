using System.Net;
using Registry.Core.Access.Identities;
using Registry.Core.Fairness;

namespace Registry.Testing;

/// <summary>Sender of credentials that are checked without a request.</summary>
/// <param name="Network">Its network.</param>
/// <param name="Aborted">Cancelled when it goes away.</param>
public sealed record TestCaller(ClientNetwork Network, CancellationToken Aborted = default) : ICaller
{
    /// <summary>A sender on this machine that stays.</summary>
    public static TestCaller Local { get; } = At("127.0.0.1");

    /// <summary>A sender at an address.</summary>
    public static TestCaller At(string address, CancellationToken aborted = default) => new(ClientNetwork.Of(IPAddress.Parse(address)), aborted);
}
