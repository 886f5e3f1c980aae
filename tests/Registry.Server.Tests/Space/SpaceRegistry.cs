using Registry.Server.Configuration;

namespace Registry.Server.Tests.Space;

/// <summary>Registries that compute their space every second.</summary>
internal static class SpaceRegistry
{
    public static Task<TestRegistry> StartAsync(Func<RegistryOptions, RegistryOptions>? configure = null) => TestRegistry.StartAsync(
        options => (configure?.Invoke(options) ?? options) with { SpacePeriod = TimeSpan.FromSeconds(1) });

    public static long Number(this System.Text.Json.JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
