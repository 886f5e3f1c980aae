namespace Registry.Interop.Tests;
public class Probe { [Fact] public void Works() => Assert.True(true); }
