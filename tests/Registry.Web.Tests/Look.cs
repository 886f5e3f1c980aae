namespace Registry.Web.Tests;

/// <summary>What a visitor has set, and what they hold.</summary>
/// <param name="HasScript">False without JavaScript.</param>
/// <param name="IsDark">True for dark colours.</param>
/// <param name="IsPhone">True for a phone, 390 pixels wide; false for a window of 1280.</param>
public sealed record Look(bool HasScript = true, bool IsDark = false, bool IsPhone = false);
