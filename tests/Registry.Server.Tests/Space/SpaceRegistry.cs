using Registry.Server.Configuration;

namespace Registry.Server.Tests.Space;

/// <summary>Registries that compute their space every second, and requests about it.</summary>
internal static class SpaceRegistry
{
    public static Task<TestRegistry> StartAsync(Func<RegistryOptions, RegistryOptions>? configure = null) => TestRegistry.StartAsync(
        options => (configure?.Invoke(options) ?? options) with { SpacePeriod = TimeSpan.FromSeconds(1) });

    /// <summary>Waits for a round that has begun after the call, and returns the answer with its figures.</summary>
    public static async Task<Answer> ComputedAsync(this TestRegistry registry, string path = "/api/v1/space", params (string Name, string Value)[] headers)
    {
        var asked = DateTimeOffset.UtcNow;
        Answer? answer = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                answer = await registry.Client.GetAnswerAsync(path, headers);
                return answer.Status == 200 && answer.Json.GetProperty("computedAt").GetDateTimeOffset() > asked;
            },
            "a later round has ended");
        return answer!;
    }

    public static long Number(this System.Text.Json.JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
