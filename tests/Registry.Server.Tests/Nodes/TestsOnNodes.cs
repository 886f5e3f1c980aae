using System.Reflection;
using Xunit.v3;

[assembly: TestFramework(typeof(Registry.Server.Tests.Nodes.TestsOnNodes))]

namespace Registry.Server.Tests.Nodes;

/// <summary>
/// Leaves out the tests of some folders when the others run on nodes (<see cref="StoresOfAllTests"/>). Of the others, each test that needs a data folder, or stops the clock, is
/// skipped by <see cref="TestRegistry.SkipOnNodes"/>.
/// </summary>
public sealed class TestsOnNodes : XunitTestFramework
{
    private static readonly string[] LeftOut =
    [
        "Buckets", "Migration", "Nodes", // Start stores of their own.
        "Budgets", "Memory", // Measure a process, most of them without a registry.
        "Commands", "Maintenance", // Open, damage and repair data folders.
        "Configuration", "Documentation", "Hosting", "Routing", // Have no registry, or only start and stop it.
        "Http", "Tls", "Transport", // Are about connections, whatever these transfer.
    ];

    /// <inheritdoc/>
    protected override ITestFrameworkDiscoverer CreateDiscoverer(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        return new Discoverer(new XunitTestAssembly(assembly, null, assembly.GetName().Version));
    }

    private static bool IsLeftOut(Type testClass) =>
        LeftOut.Any(folder => $"{testClass.Namespace}.".StartsWith($"Registry.Server.Tests.{folder}.", StringComparison.Ordinal));

    private sealed class Discoverer(IXunitTestAssembly assembly) : XunitTestFrameworkDiscoverer(assembly)
    {
        protected override bool IsValidTestClass(Type type) => base.IsValidTestClass(type) && !(StoresOfAllTests.IsOn && IsLeftOut(type));
    }
}
