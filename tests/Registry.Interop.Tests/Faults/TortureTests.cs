using Registry.Testing;
using Registry.Torture;
using Registry.Torture.Scenarios;

namespace Registry.Interop.Tests.Faults;

/// <summary>Some seconds of each scenario of <c>tests/torture/run</c>; docs/trust.md has the long runs. TORTURE_SEED repeats a run that has failed.</summary>
public sealed class TortureTests
{
    // Those of many nodes take minutes, so they run by themselves only. So do two that repeat what other tests show: half headers on both transports (TimeLimitTests
    // of the server), and power cuts on a second file system.
    public static TheoryData<string> Names =>
        [.. Catalogue.Scenarios.Where(scenario => scenario is not (NodeFaults or NodeEvents or Moves or Versions or SlowClients) && scenario != PowerCuts.Xfs).Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_short_form_holds(string name)
    {
        IScenario scenario = Catalogue.Scenarios.Single(scenario => scenario.Name == name);
        foreach ((string program, string package) in scenario.Needs)
        {
            Requires.Program(program, package);
            Requires.Root(program);
        }

        int seed = Seed.Choose("TORTURE_SEED");
        var run = new TortureRun(seed, IsShort: true, Count: null, Point: null, _ => { });
        TestContext.Current.TestOutputHelper?.WriteLine(await Catalogue.RunAsync(scenario, run));
    }
}
