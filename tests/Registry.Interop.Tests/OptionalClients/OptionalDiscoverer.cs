using Xunit.Sdk;
using Xunit.v3;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>Discovers a test only when its program is installed.</summary>
public sealed class OptionalDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly FactDiscoverer _facts = new();

    public ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod, IFactAttribute factAttribute) =>
        factAttribute is IOptionalFact { IsPossible: true }
            ? _facts.Discover(discoveryOptions, testMethod, factAttribute)
            : new([]);
}
