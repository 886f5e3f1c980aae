using System.Runtime.CompilerServices;
using Xunit.v3;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// A test of a client that Debian 12 does not have. When the client is on the PATH the test runs with all others; when it is not, there is
/// no such test, rather than a skipped one.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(OptionalDiscoverer))]
public sealed class OptionalClientFactAttribute(
    string client, [CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : FactAttribute(sourceFilePath, sourceLineNumber), IOptionalFact
{
    public string Client { get; } = client;

    /// <summary>Oldest release with the feature; 0 for any.</summary>
    public int MajorVersion { get; set; }

    public bool IsPossible => Requires.IsOnPath(Client) && (MajorVersion == 0 || Requires.MajorVersion(Client) >= MajorVersion);
}
