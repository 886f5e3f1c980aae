namespace Registry.Testing.Workloads;

/// <summary>
/// Fleet of nodes. Most requests check if a tag still points to the node's image; some pull, and a few push a new version.
/// </summary>
public sealed class MixedFleet : IWorkload
{
    private const int Repositories = 16;
    private const int Layers = 3;
    private const int LayerSize = 32 * 1024;
    private const int PercentOfChecks = 70;
    private const int PercentOfPulls = 20;
    private const int PercentOfListings = 5;

    public string Name => "mixed-fleet";

    public string Subject => "70 % checks of a tag, 20 % pulls, 5 % listings of tags, 5 % pushes, on 16 repositories, the first ones busiest";

    public int Users => 32;

    public Task PrepareAsync(HttpClient client) =>
        Task.WhenAll(Enumerable.Range(0, Repositories).Select(i => client.PushImageAsync(RepositoryAt(i), NewImage(), "stable")));

    public async Task<long> RunAsync(HttpClient client, int user, long iteration)
    {
        // The users do the same in every run.
        var random = new Random((int)((user * 7919L) + iteration));
        var repository = RepositoryAt((int)(Repositories * Math.Pow(random.NextDouble(), 2)));
        switch (random.Next(100))
        {
            case < PercentOfChecks:
                _ = await client.ResolveAsync(repository, "stable");
                return 0;
            case < PercentOfChecks + PercentOfPulls:
                return await client.PullImageAsync(repository, "stable");
            case < PercentOfChecks + PercentOfPulls + PercentOfListings:
                var tags = DockerLikeClient.Expect(200, await client.GetAnswerAsync($"/v2/{repository}/tags/list"), repository);
                return tags.Body.Length;
            default:
                return await client.PushImageAsync(repository, NewImage(), "stable");
        }
    }

    private static TestImage NewImage() => TestImage.Create(layers: Layers, layerSize: LayerSize);

    private static string RepositoryAt(int i) => $"load/fleet/{i}";
}
