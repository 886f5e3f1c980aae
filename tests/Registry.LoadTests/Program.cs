using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using Registry.LoadTests;
using Registry.Testing.Workloads;

if (LoadTestOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(LoadTestOptions.Usage);
    return 2;
}

using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = options.Registry };
var failed = 0L;
foreach (var workload in options.Workloads)
{
    // NBomber empties the folder that it writes to.
    var folder = Path.Combine(options.ReportFolder, workload.Name);
    var stats = NBomberRunner.RegisterScenarios(ScenarioOf(workload))
        .WithTestSuite("registry")
        .WithTestName(workload.Name)
        .WithReportFolder(folder)
        .WithReportFileName("report")
        .WithReportFormats(ReportFormat.Csv, ReportFormat.Md)
        .Run();
    failed += stats.AllFailCount;
    PublishedReports.Clean(folder);
}

return failed == 0 ? 0 : 1;

// The workloads count their users from zero; NBomber numbers the copies of a scenario.
ScenarioProps ScenarioOf(IWorkload workload) => Scenario
    .Create(workload.Name, async context =>
    {
        try
        {
            var bytes = await workload.RunAsync(client, context.ScenarioInfo.ThreadNumber, context.InvocationNumber);
            return (IResponse)Response.Ok(sizeBytes: bytes);
        }
        catch (WorkloadException e)
        {
            return Response.Fail(message: e.Message);
        }
    })
    .WithInit(_ => workload.PrepareAsync(client))
    .WithoutWarmUp()
    .WithLoadSimulations(Simulation.KeepConstant(workload.Users, options.Duration));
