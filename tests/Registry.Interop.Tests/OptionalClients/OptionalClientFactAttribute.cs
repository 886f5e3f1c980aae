using System.Runtime.CompilerServices;
using Xunit.Sdk;
using Xunit.v3;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// A test of a client that Debian 12 does not have. When the client is on the PATH the test runs with all others; when it is not, there is
/// no such test, rather than a skipped one.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(OptionalClientDiscoverer))]
public sealed class OptionalClientFactAttribute(
    string client, [CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : FactAttribute(sourceFilePath, sourceLineNumber)
{
    public string Client { get; } = client;
}

public sealed class OptionalClientDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly FactDiscoverer _facts = new();

    public ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod, IFactAttribute factAttribute) =>
        factAttribute is OptionalClientFactAttribute { Client: var client } && Requires.IsOnPath(client)
            ? _facts.Discover(discoveryOptions, testMethod, factAttribute)
            : new([]);
}
