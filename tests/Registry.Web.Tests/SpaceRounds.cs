namespace Registry.Web.Tests;

/// <summary>Registries that compute their space every second.</summary>
internal static class SpaceRounds
{
    /// <summary>Waits for a computation of the space that has begun after the call.</summary>
    public static async Task AwaitSpaceAsync(this TestRegistry registry)
    {
        var asked = DateTimeOffset.UtcNow;
        await Eventually.HoldsAsync(
            async () => await registry.Client.GetAnswerAsync("/api/v1/space") is { Status: 200 } answer && answer.Json.GetProperty("computedAt").GetDateTimeOffset() > asked,
            "a later round has ended");
    }
}
